import { statSync } from 'node:fs'
import { addressOf, expect, test } from '../hub/fixture'
import type { Hub } from '../hub/hub'
import { cineFile, materialMissing, stowCT } from '../hub/inputs'
import { mark, sameDocument } from '../hub/steps'

const missing = materialMissing()
test.skip(missing !== '', missing)

interface Task {
  id: string
  state: string
  report: string
}

async function tasks(hub: Hub, login: string): Promise<Task[]> {
  return (await hub.call<{ items: Task[] }>(login, 'GET', '/api/v1/tasks')).items
}

test('a study queued while the list is cut off stands there when the line is back', async ({ hub, line, desk }) => {
  const reader = await desk('reader1', { remote: true })
  await expect(reader.getByTestId('worklist')).toBeVisible()
  await mark(reader)
  line.cut()
  await expect(reader.getByTestId('offline')).toBeVisible()
  await stowCT(hub, 'tech1')
  await expect.poll(async () => (await tasks(hub, 'reader1')).map((t) => t.state)).toEqual(['queued'])
  await expect(reader.getByTestId('worklist-table-row')).toHaveCount(0)
  line.mend()
  await expect(reader.getByTestId('worklist-table-row')).toHaveCount(1, { timeout: 30_000 })
  await expect(reader.getByTestId('offline')).toBeHidden()
  await sameDocument(reader)
})

test('a report written on a dead line is kept and reaches the hub when the line is back', async ({ hub, line, desk }) => {
  const reader = await desk('reader1', { remote: true })
  await stowCT(hub, 'tech1')
  await reader.getByTestId('worklist-table-row').click()
  await reader.getByTestId('findings').fill('断线之前')
  await expect(reader.getByTestId('saving')).toHaveAttribute('data-state', 'saved')
  line.cut()
  await expect(reader.getByTestId('offline')).toBeVisible()
  await reader.getByTestId('findings').fill('断线之前，断线之后')
  await expect(reader.getByTestId('saving')).toHaveAttribute('data-state', 'kept')
  line.mend()
  await expect(reader.getByTestId('saving')).toHaveAttribute('data-state', 'saved', { timeout: 30_000 })
  const [task] = await tasks(hub, 'reader1')
  expect((await hub.call<{ findings: string }>('reader1', 'GET', `/api/v1/reports/${task!.report}`)).findings).toBe('断线之前，断线之后')
})

test('an upload cut off in the middle goes on by itself where it stopped', async ({ line, desk }) => {
  const { size } = statSync(cineFile())
  const tech = await desk('tech1', { remote: true })
  line.takeSent()
  line.cutAfter(size / 2)
  await tech.getByTestId('files-input').setInputFiles(cineFile())
  const upload = tech.getByTestId('upload-line')
  await expect(upload).toHaveAttribute('data-state', 'wait', { timeout: 30_000 })
  const kept = Number(await upload.getAttribute('data-percent'))
  expect(kept).toBeGreaterThan(0)
  await expect(tech.getByTestId('upload-says')).toContainText(`${kept}%`)
  line.takeSent()
  line.mend()
  await expect(upload).toHaveAttribute('data-state', 'done', { timeout: 60_000 })
  expect(line.takeSent(), 'bytes sent again').toBeLessThan(size * (1 - kept / 100) + 200_000)
})

test('after a reload the same file, chosen again, goes on where it stopped', async ({ line, desk }) => {
  const { size } = statSync(cineFile())
  const tech = await desk('tech1', { remote: true })
  line.takeSent()
  line.cutAfter(size / 2)
  await tech.getByTestId('files-input').setInputFiles(cineFile())
  const upload = tech.getByTestId('upload-line')
  await expect(upload).toHaveAttribute('data-state', 'wait', { timeout: 30_000 })
  const kept = Number(await upload.getAttribute('data-percent'))
  await tech.goto('about:blank')
  line.mend()
  await tech.goto(addressOf(line, '/upload'))
  await expect(upload).toHaveAttribute('data-state', 'lost')
  await expect(tech.getByTestId('uploads-lost')).toContainText('重新选择')
  line.takeSent()
  await tech.getByTestId('files-input').setInputFiles(cineFile())
  await expect(upload).toHaveAttribute('data-state', 'done', { timeout: 60_000 })
  await expect(upload).toHaveCount(1)
  expect(line.takeSent(), 'bytes sent again').toBeLessThan(size * (1 - kept / 100) + 200_000)
})
