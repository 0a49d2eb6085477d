import { useState } from 'preact/hooks'
import { t } from '../../text/clinic'
import { ProblemNote, Skeleton } from '../parts/blank'
import { DropZone } from './dropzone'
import { ClinicPage } from './frame'
import { fault, ready, reload } from './store'
import { Today } from './today'
import { Todo } from './todo'
import { UploadLines } from './uploadlines'

/** The clinic's home: send an exam, do what waits, see today. */
export default function Home() {
  // Reading a dropped CD takes a moment: the zone says so.
  const [reading, setReading] = useState(0)
  return (
    <ClinicPage testid="clinic-home">
      <h1 class="visually-hidden">{t('uploadTitle')}</h1>
      <DropZone reading={reading} onReading={setReading} />
      <UploadLines />
      {fault.value && <ProblemNote fault={fault.value} onRetry={() => void reload()} />}
      {!ready.value ? !fault.value && <Skeleton /> : (
        <>
          <Todo />
          <Today />
        </>
      )}
    </ClinicPage>
  )
}
