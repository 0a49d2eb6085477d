import { test as plain, expect } from '@playwright/test'
import { createRequire } from 'node:module'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contrast } from '../hub/fixture'
import { Hub } from '../hub/hub'
import { materialFolder, materialMissing, stow, threeKinds } from '../hub/inputs'
import { ohifConfig, ohifPages } from '../hub/ohif'
import { Site } from '../hub/site'

const missing = materialMissing()
const alias = '/dcm4chee-arc/aets/DCM4CHEE/rs'

/** Pages of another origin, and a hub that they may use through an alias root. */
const test = plain.extend<{ site: Site; hub: Hub; pages: string }>({
  pages: '',
  site: async ({ pages }, use) => {
    const empty = await mkdtemp(join(tmpdir(), 'yuanzhen-site-'))
    const site = await Site.of(pages === '' ? empty : await ohifPages())
    await use(site)
    await site.close()
    await rm(empty, { recursive: true, force: true })
  },
  hub: async ({ site }, use) => {
    const hub = await Hub.start({ empty: true, flags: ['--alias', `${alias}=CLINIC1:tech1`, '--cors', site.origin] })
    await use(hub)
    await hub.stop()
    expect(hub.log.split('\n').filter((line) => line.includes('level=ERROR')), 'errors in the log of the hub').toEqual([])
  },
})

plain.skip(missing !== '', missing)

interface Done {
  method: string
  got: string
}

test('every method of dicomweb-client works against an alias root', async ({ page, hub, site }) => {
  const library = createRequire(import.meta.url).resolve('dicomweb-client/build/dicomweb-client.js')
  site.put('/', '<!doctype html><title>client</title>')
  await page.goto(site.origin)
  await page.addScriptTag({ path: library })
  const file = await readFile(join(materialFolder, threeKinds.US[0]!))
  await stow(hub, 'tech1', ...threeKinds.CT)
  const done = await page.evaluate(everyMethod, { url: hub.address + alias, file: file.toString('base64') })
  const got = new Map(done.map((d) => [d.method, d.got]))
  const wanted: Record<string, string> = {
    storeInstances: 'US', searchForStudies: '2', searchForSeries: '1', searchForInstances: '1', retrieveStudyMetadata: '1', retrieveSeriesMetadata: '1', retrieveInstanceMetadata: 'US',
    retrieveInstance: 'DICM', retrieveSeries: 'DICM', retrieveStudy: 'DICM', retrieveInstanceFrames: '480000', retrieveInstanceRendered: 'ÿØÿ', retrieveInstanceThumbnail: 'ÿØÿ',
    retrieveInstanceFramesRendered: 'ÿØÿ', retrieveInstanceFramesThumbnail: 'ÿØÿ', retrieveBulkData: '512', buildInstanceWadoURIUrl: 'ÿØÿ',
  }
  expect(Object.fromEntries(got)).toEqual(wanted)
  const methods = await page.evaluate(() => {
    const api = (window as unknown as { DICOMwebClient: { api: { DICOMwebClient: { prototype: object } } } }).DICOMwebClient.api.DICOMwebClient.prototype
    return Object.getOwnPropertyNames(api).filter((name) => /^(search|retrieve|store|build)/.test(name))
  })
  expect(methods.filter((name) => !(name in wanted)), 'methods that were not tried').toEqual([])
})

/** Runs in the page: calls each method and says what came. */
async function everyMethod({ url, file }: { url: string; file: string }): Promise<Done[]> {
  type Options = Record<string, unknown>
  type Client = Record<string, (options?: Options) => Promise<unknown>>
  const { DICOMwebClient } = window as unknown as { DICOMwebClient: { api: { DICOMwebClient: new (o: object) => Client } } }
  const client = new DICOMwebClient.api.DICOMwebClient({ url, singlepart: 'bulkdata' })
  const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0)).buffer
  const done: Done[] = []
  const tell = (method: string, got: unknown) => done.push({ method, got: String(got) })
  const start = (b: unknown, from: number, n: number) => String.fromCharCode(...new Uint8Array(((Array.isArray(b) ? b[0] : b) as ArrayBuffer).slice(from, from + n)))

  await client.storeInstances!({ datasets: [bytes] }) // answers nothing
  const studies = (await client.searchForStudies!()) as unknown[]
  tell('searchForStudies', studies.length)
  const [row] = (await client.searchForInstances!({ queryParams: { Modality: 'US' } })) as Record<string, { Value: string[] }>[]
  tell('storeInstances', row!['00080060']!.Value[0])
  const at = { studyInstanceUID: row!['0020000D']!.Value[0]!, seriesInstanceUID: row!['0020000E']!.Value[0]!, sopInstanceUID: row!['00080018']!.Value[0]! }
  tell('searchForSeries', ((await client.searchForSeries!(at)) as unknown[]).length)
  tell('searchForInstances', ((await client.searchForInstances!(at)) as unknown[]).length)
  tell('retrieveStudyMetadata', ((await client.retrieveStudyMetadata!(at)) as unknown[]).length)
  const series = (await client.retrieveSeriesMetadata!(at)) as Record<string, { BulkDataURI: string }>[]
  tell('retrieveSeriesMetadata', series.length)
  const meta = (await client.retrieveInstanceMetadata!(at)) as Record<string, { Value: string[] }>[]
  tell('retrieveInstanceMetadata', meta[0]!['00080060']!.Value[0])
  tell('retrieveInstance', start(await client.retrieveInstance!(at), 128, 4))
  tell('retrieveSeries', start(await client.retrieveSeries!(at), 128, 4))
  tell('retrieveStudy', start(await client.retrieveStudy!(at), 128, 4))
  tell('retrieveInstanceFrames', ((await client.retrieveInstanceFrames!({ ...at, frameNumbers: [1] })) as ArrayBuffer[])[0]!.byteLength)
  const jpeg = [{ mediaType: 'image/jpeg' }]
  tell('retrieveInstanceRendered', start(await client.retrieveInstanceRendered!({ ...at, mediaTypes: jpeg }), 0, 3))
  tell('retrieveInstanceThumbnail', start(await client.retrieveInstanceThumbnail!({ ...at, mediaTypes: jpeg }), 0, 3))
  tell('retrieveInstanceFramesRendered', start(await client.retrieveInstanceFramesRendered!({ ...at, frameNumbers: [1], mediaTypes: jpeg }), 0, 3))
  tell('retrieveInstanceFramesThumbnail', start(await client.retrieveInstanceFramesThumbnail!({ ...at, frameNumbers: [1], mediaTypes: jpeg }), 0, 3))
  const bulk = (await client.retrieveBulkData!({ BulkDataURI: series[0]!['00281201']!.BulkDataURI })) as ArrayBuffer[] | ArrayBuffer
  tell('retrieveBulkData', (Array.isArray(bulk) ? bulk[0]! : bulk).byteLength)
  const wado = (client.buildInstanceWadoURIUrl as unknown as (o: Options) => string)({ ...at, contentType: 'image/jpeg' })
  tell('buildInstanceWadoURIUrl', start(await (await fetch(wado.replace(url, `${url}/wado`))).arrayBuffer(), 0, 3))
  return done
}

test.describe('OHIF', () => {
  test.use({ pages: 'ohif' })
  for (const [modality, paths] of Object.entries(threeKinds)) {
    test(`shows ${modality} from the hub`, async ({ page, hub, site }, info) => {
      test.setTimeout(180_000)
      site.put('/app-config.js', ohifConfig(hub.address + alias))
      await stow(hub, 'tech1', ...paths)
      const faults: string[] = []
      page.on('response', (answer) => {
        if (answer.url().startsWith(hub.address) && answer.status() >= 400) faults.push(`${answer.status()} ${answer.url()}`)
      })
      const studies = (await (await fetch(`${hub.address}${alias}/studies`)).json()) as Record<string, { Value: string[] }>[]
      await page.goto(`${site.origin}/`)
      await expect(page.getByText('1-1 of 1')).toBeVisible({ timeout: 60_000 })
      await page.goto(`${site.origin}/viewer?StudyInstanceUIDs=${studies[0]!['0020000D']!.Value[0]!}`)
      const canvas = page.locator('canvas.cornerstone-canvas').first()
      await expect(canvas).toBeVisible({ timeout: 90_000 })
      await expect.poll(() => contrast(canvas), { timeout: 90_000 }).toBeGreaterThan(8)
      const tour = page.getByText('Skip all')
      if (await tour.isVisible()) await tour.click()
      await info.attach(`ohif-${modality}.png`, { body: await page.screenshot(), contentType: 'image/png' })
      if (process.env.OHIF_SCREENSHOTS) await page.screenshot({ path: join(process.env.OHIF_SCREENSHOTS, `ohif-${modality}.png`) })
      expect(faults, 'refusals of the hub').toEqual([])
    })
  }
})
