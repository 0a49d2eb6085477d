// peer.cjs HOST PORT: speaks to the hub as CT1 and prints what it heard, one JSON object.
const { Client, Dataset, requests, responses, constants } = require('dcmjs-dimse')

const [host, port] = [process.argv[2], Number(process.argv[3])]
const { Status, TransferSyntax, SopClass, StorageClass } = constants
const heard = {}

// talk sends requests on one association and calls each back with its responses.
function talk(list, prepare = () => {}, opts = {}) {
  return new Promise((resolve, reject) => {
    const client = new Client()
    for (const [request, got] of list) {
      request.on('response', got)
      client.addRequest(request)
    }
    prepare(client)
    client.on('closed', resolve)
    client.on('networkError', reject)
    client.on('associationRejected', (r) => reject(new Error('rejected ' + JSON.stringify(r))))
    client.send(host, port, 'CT1', 'YUANZHEN', opts)
  })
}

const elements = {
  _vrMap: { PixelData: 'OW' },
  SpecificCharacterSet: 'ISO_IR 192',
  SOPClassUID: StorageClass.CtImageStorage, SOPInstanceUID: '1.8.1.1', StudyInstanceUID: '1.8', SeriesInstanceUID: '1.8.1',
  PatientName: 'Sun^Wukong', PatientID: 'P8', Modality: 'CT', StudyDate: '20260401', AccessionNumber: 'A8',
  Rows: 2, Columns: 2, BitsAllocated: 16, BitsStored: 16, HighBit: 15, PixelRepresentation: 0, SamplesPerPixel: 1,
  PhotometricInterpretation: 'MONOCHROME2', PixelData: [new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer],
}

async function main() {
  await talk([[new requests.CEchoRequest(), (r) => { heard.echo = r.getStatus() }]], () => {},
    { userIdentity: { type: 1, positiveResponseRequested: true, primaryField: 'doctor' } })
  await talk([[new requests.CStoreRequest(new Dataset(elements, TransferSyntax.ExplicitVRLittleEndian)), (r) => { heard.store = r.getStatus() }]])

  heard.found = []
  const find = requests.CFindRequest.createStudyFindRequest({ PatientID: 'P8', PatientName: '', AccessionNumber: '' })
  await talk([[find, (r) => {
    if (r.getStatus() === Status.Pending) heard.found.push(r.getDataset().getElements().AccessionNumber)
    else heard.find = r.getStatus()
  }]])

  heard.got = []
  await talk([[requests.CGetRequest.createStudyGetRequest('1.8'), (r) => { if (r.getStatus() !== Status.Pending) heard.get = r.getStatus() }]], (client) => {
    client.on('cStoreRequest', (request, callback) => {
      heard.got.push(request.getDataset().getElements().SOPInstanceUID)
      const response = responses.CStoreResponse.fromRequest(request)
      response.setStatus(Status.Success)
      callback(response)
    })
  })
  await talk([[requests.CMoveRequest.createStudyMoveRequest('NOBODY', '1.8'), (r) => { heard.move = r.getStatus() }]])

  const create = new requests.NCreateRequest(SopClass.ModalityPerformedProcedureStep, '1.8.9')
  create.setDataset(new Dataset({ PerformedProcedureStepStatus: 'IN PROGRESS', ScheduledStepAttributesSequence: [{ StudyInstanceUID: '1.8', AccessionNumber: 'A8' }] }))
  await talk([[create, (r) => { heard.create = r.getStatus() }]])
  const set = new requests.NSetRequest(SopClass.ModalityPerformedProcedureStep, '1.8.9')
  set.setDataset(new Dataset({ PerformedProcedureStepStatus: 'COMPLETED', PerformedSeriesSequence: [{ SeriesInstanceUID: '1.8.1',
    ReferencedImageSequence: [{ ReferencedSOPClassUID: StorageClass.CtImageStorage, ReferencedSOPInstanceUID: '1.8.1.1' }] }] }))
  await talk([[set, (r) => { heard.set = r.getStatus() }]])

  const commit = new requests.NActionRequest(SopClass.StorageCommitmentPushModel, '1.2.840.10008.1.20.1.1', 1)
  commit.setDataset(new Dataset({ TransactionUID: '1.8.7', ReferencedSOPSequence: [{ ReferencedSOPClassUID: StorageClass.CtImageStorage, ReferencedSOPInstanceUID: '1.8.1.1' }] }))
  await talk([[commit, (r) => { heard.action = r.getStatus() }]])
}

main().then(() => console.log(JSON.stringify(heard)), (e) => { console.error(e); process.exit(1) })
