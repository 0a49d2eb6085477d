import type { Group } from '../../load/uploadgroup'
import { comma } from '../../text/catalogue'
import { t } from '../../text/clinic'
import { Dialog } from '../parts/dialog'

const namedMost = 4

/** Pictures may be anything: somebody says that they are ECGs before they go to a doctor. */
export function PhotoDialog(props: { pictures: readonly Group[]; onDo(): void; onClose(): void }) {
  const names = props.pictures.map((g) => g.key.split('/').pop() ?? g.key)
  return (
    <Dialog title={t('photoTitle')} verb={t('photoSend')} onDo={props.onDo} onClose={props.onClose} testid="photo-dialog">
      <p><strong>{names.slice(0, namedMost).join(comma.value)}</strong>{names.length > namedMost ? ` ${t('andMore', { n: names.length })}` : ''}</p>
      <p>{t('photoHelp')}</p>
      <p class="quiet">{t('photoNotEcg')}</p>
    </Dialog>
  )
}
