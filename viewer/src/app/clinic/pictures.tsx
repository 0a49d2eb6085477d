import { useEffect, useState } from 'preact/hooks'
import type { Series } from '../../image/series'
import type { ClinicTask } from '../../load/clinic'
import { listPictures, listSeries, thumbnailOf } from '../../load/dicomweb'
import { t } from '../../text/clinic'
import { Blank, ProblemNote } from '../parts/blank'
import { Dialog } from '../parts/dialog'

const id = encodeURIComponent

/** The pictures beside a report: a tracing as drawn by the hub, or a thumbnail each series. */
export function Pictures(props: { task: ClinicTask }) {
  const { task } = props
  const [series, setSeries] = useState<readonly Series[]>([])
  const [fault, setFault] = useState<unknown>(null)
  const [open, setOpen] = useState<Series | null>(null)
  useEffect(() => {
    setSeries([])
    setFault(null)
    const stop = new AbortController()
    Promise.all((task.recording ? [] : task.studies).map((s) => listSeries(s, stop.signal))).then((all) => setSeries(all.flat()), (f) => stop.signal.aborted || setFault(f))
    return () => stop.abort()
  }, [task.id, task.studies.join(), task.recording])
  if (task.recording) {
    const src = `/api/v1/recordings/${id(task.recording)}/ecg.svg`
    return <a class="panel tracing" href={src} target="_blank" rel="noreferrer" data-testid="result-ecg"><img src={src} alt={t('tracing')} /></a>
  }
  if (fault !== null) return <ProblemNote fault={fault} />
  if (task.studies.length === 0) return <Blank title={t('noPictures')} />
  return (
    <div class="thumbs" data-testid="result-pictures">
      {series.map((s) => (
        <button type="button" key={s.uid} class="btn plain thumb" onClick={() => setOpen(s)} data-testid="result-series">
          <img src={thumbnailOf(s)} alt="" loading="lazy" />
          <span class="clip">{s.description || s.modality}</span>
        </button>
      ))}
      {open && <Look series={open} onClose={() => setOpen(null)} />}
    </div>
  )
}

/** One series at screen size; the wheel and the slider go through it. */
function Look(props: { series: Series; onClose(): void }) {
  const s = props.series
  const [list, setList] = useState<readonly string[]>([])
  const [at, setAt] = useState(0)
  const [fault, setFault] = useState<unknown>(null)
  useEffect(() => {
    listPictures(s).then((pictures) => {
      const base = `/dicom-web/studies/${id(s.study)}/series/${id(s.uid)}/instances/`
      setList(pictures.map((p) => `${base}${id(p.instance)}/frames/${p.frame}/rendered`))
      setAt(pictures.length >> 1)
    }, setFault)
  }, [s.uid])
  const step = (by: number) => setAt((n) => Math.min(list.length - 1, Math.max(0, n + by)))
  return (
    <Dialog title={s.description || s.modality} verb={t('close')} only onDo={props.onClose} onClose={props.onClose} wide testid="look-dialog">
      {fault !== null && <ProblemNote fault={fault} />}
      <div class="look" onWheel={(e) => { e.preventDefault(); step(e.deltaY > 0 ? 1 : -1) }}>
        {list[at] && <img src={list[at]} alt="" data-testid="look-image" />}
      </div>
      {list.length > 1 && (
        <label class="line"><input type="range" class="grow" min={0} max={list.length - 1} value={at} onInput={(e) => setAt(Number(e.currentTarget.value))} aria-label={t('pictureOf', { n: at + 1, m: list.length })} data-testid="look-at" />
          <span class="num quiet">{t('pictureOf', { n: at + 1, m: list.length })}</span></label>
      )}
      <p class="quiet small">{t('notForDiagnosis')}</p>
    </Dialog>
  )
}
