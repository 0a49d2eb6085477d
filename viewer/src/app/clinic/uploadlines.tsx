import { type Line, sums } from '../../load/uploadline'
import { uploads } from '../../load/uploadqueue'
import { live } from '../../load/live'
import { comma } from '../../text/catalogue'
import { t } from '../../text/clinic'
import { Icon } from '../parts/icon'
import { StateMark } from '../parts/marks'
import { SubmitButton } from './submit'
import { inReading, tasks } from './store'
import { bytesWord, remaining, verdictOf } from './uploadwords'

/** One line a study or recording on its way, with the hub's verdict. */
export function UploadLines() {
  const list = uploads.lines.value
  if (list.length === 0) return null
  const moving = list.some((l) => l.state === 'send' || l.state === 'wait')
  const lost = list.filter((l) => l.state === 'lost').length
  const finished = list.filter((l) => l.state === 'done')
  const total = list.filter((l) => l.state === 'send').reduce((n, l) => n + sums(l).bytes - sums(l).sent, 0)
  const speed = uploads.speed.value
  return (
    <section class="panel uploads" data-testid="uploads">
      <header class="line">
        <h2 class="grow">{t('uploading')}</h2>
        {moving && speed > 0 && <span class="quiet num" data-testid="upload-speed">{t('speed', { speed: bytesWord(speed), left: remaining(total, speed) })}</span>}
        {finished.length > 1 && (
          <button type="button" class="btn small" onClick={() => finished.forEach((l) => void uploads.drop(l))} data-testid="uploads-clear">{t('clearDone')}</button>
        )}
      </header>
      {lost > 0 && <p class="note warn" data-testid="uploads-lost"><Icon name="warn" />{t('chooseAgain', { n: lost })}</p>}
      <ul>{list.map(row)}</ul>
    </section>
  )
}

// No component of its own: the queue changes its lines in place, and a
// component with the same props would not be drawn again.
function row(l: Line) {
  const s = sums(l)
  const percent = s.bytes > 0 ? Math.floor((s.sent / s.bytes) * 100) : 0
  const v = verdictOf(l)
  const task = v.task ? tasks.value.get(v.task) : undefined
  const name = task?.patient.name || l.head?.name
  return (
    <li key={l.id} class={`upline ${l.state}`} data-testid="upload-line" data-state={l.state} data-percent={percent}>
      {task?.thumbnail ? <img src={task.thumbnail} alt="" loading="lazy" onError={(e) => (e.currentTarget.style.visibility = 'hidden')} /> : <span class="none"><Icon name={l.head ? 'stack' : 'pulse'} size={20} /></span>}
      <div class="what">
        <span class="line"><strong class="clip">{name || t('nameUnknown')}</strong><span class="clip quiet">{task?.item_name || l.title}</span></span>
        <div class="progress" role="progressbar" aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100}><i style={{ width: `${percent}%` }} /></div>
        {task && task.prealert.length > 0 && inReading(task) && <p class="verdict bad" data-testid="keep-patient"><strong>{t('keepPatient')}</strong> · {task.prealert.map((a) => a.evidence).join(comma.value)}</p>}
        {v.sentences.map((x) => <p key={x} class={`verdict ${v.tone}`} data-testid="verdict">{x}</p>)}
      </div>
      <span class="num count">{t('files', { n: s.done, m: l.files.length })}</span>
      <span class="says" data-testid="upload-says">{l.state === 'done' && (v.none || v.tone === 'bad') ? t(v.none || !task ? 'notTaken' : 'takenPart') : says(l, percent)}</span>
      {task && <StateMark state={task.state} />}
      {task && <SubmitButton task={task} />}
      {(l.state === 'failed' || l.state === 'wait') && <button type="button" class="btn small" onClick={() => uploads.hurry()} data-testid="upload-retry">{t('tryNow')}</button>}
      <button type="button" class="btn plain small" aria-label={t('dropLine')} title={t('dropLine')} onClick={() => void uploads.drop(l)} data-testid="upload-drop"><Icon name="cross" size={12} /></button>
    </li>
  )
}

function says(l: Line, percent: number): string {
  switch (l.state) {
    case 'check':
      return t('checking', { n: l.files.filter((f) => f.sha256).length, m: l.files.length })
    case 'wait':
      return t('waitingNet', { percent })
    case 'send':
      return live.line.value === 'lost' ? t('waitingNet', { percent }) : t('sending', { percent })
    case 'lost':
      return t('lostFiles', { percent })
    case 'failed':
      return t('notTaken')
    case 'done':
      return t('taken')
  }
}
