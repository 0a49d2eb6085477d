import { addressOf, expect, test } from '../hub/fixture'
import { judge } from '../hub/screens'
import { beatingECG, sendECG } from '../hub/trace'

test('an ECG taken again stands beside the bad one, for whoever opens either', async ({ hub, desk }) => {
  const first = await sendECG(hub, 'tech1', beatingECG(500, { patient: 'R0001', off: 'V3' }))
  await hub.call('reader1', 'POST', `/api/v1/tasks/${first.task}/claim`, {})
  const reader = await desk('reader1')
  await reader.goto(addressOf(hub, `/case/${first.task}`))
  await expect(reader.getByTestId('ecg-quality')).toContainText('V3')
  await expect(reader.getByTestId('repeat')).toHaveCount(0)

  const second = await sendECG(hub, 'tech1', beatingECG(500, { patient: 'R0001' }))
  const banner = reader.getByTestId('repeat')
  await test.step('the open case says so by itself', async () => {
    await expect(banner).toHaveAttribute('data-repeat', 'corrected')
    await expect(banner).toContainText('已于')
  })
  await test.step('the repeat is laid beside', async () => {
    await reader.getByTestId('repeat-beside').click()
    await expect(reader.getByTestId('ecg-canvas')).toHaveCount(2)
    await judge(reader, 'an ECG beside its repeat')
    await reader.getByTestId('repeat-beside').click()
    await expect(reader.getByTestId('ecg-canvas')).toHaveCount(1)
  })
  await test.step('and opened, where it says what it corrects', async () => {
    await reader.getByTestId('repeat-open').click()
    await expect(reader).toHaveURL(new RegExp(`/case/${second.task}$`))
    await expect(banner).toHaveAttribute('data-repeat', 'corrects')
  })
})

test.describe('of a patient known before', () => {
  test.use({ empty: false })

  test('an ECG is compared with the earlier ones, in numbers and beat over beat', async ({ hub, desk }) => {
    test.setTimeout(240_000)
    await expect.poll(() => hub.log.includes('everything is sent'), { timeout: 90_000 }).toBe(true)
    const { items } = await hub.call<{ items: { id: string; priority: number; patient: { name: string } }[] }>('reader1', 'GET', '/api/v1/tasks?kind=ecg')
    const task = items.find((x) => x.patient.name === '赵建国' && x.priority === 1)!
    await hub.call('reader1', 'POST', `/api/v1/tasks/${task.id}/claim`, {})
    const reader = await desk('reader1')
    await reader.goto(addressOf(hub, `/case/${task.id}`))
    await expect(reader.getByTestId('ecg-canvas')).toBeVisible()
    await expect(reader.getByTestId('prior')).toHaveCount(2)

    await reader.keyboard.press('v')
    const table = reader.getByTestId('compare-table')
    await expect(reader.getByTestId('compare-with')).toHaveCount(2)
    const change = (lead: string) => table.getByRole('row').filter({ has: reader.getByRole('cell', { name: lead, exact: true }) }).getByRole('cell').last()
    await expect(change('III'), 'ST has risen since an hour ago').toHaveClass('bad')
    await expect(change('V2'), 'and here it has not').not.toHaveClass('bad')
    const before = await change('III').textContent()
    await reader.getByTestId('compare-with').last().click()
    await expect(change('III'), 'against last year').not.toHaveText(before ?? '')
    await judge(reader, 'an ECG compared')

    await reader.keyboard.press('v')
    await reader.getByTestId('prior').first().click()
    await expect(reader.getByTestId('ecg-canvas')).toHaveCount(2)
    await judge(reader, 'an ECG beside an earlier one')
  })
})
