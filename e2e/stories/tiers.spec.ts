import { addressOf, expect, test } from '../hub/fixture'
import { judge } from '../hub/screens'
import { sendSteps } from '../hub/trace'

test('a reader refers a case up: the page says who gets it, and it leaves the list', async ({ hub, desk }) => {
  const { task } = await sendSteps(hub, 'tech1')
  const reader = await desk('reader1')
  await expect(reader.getByTestId('worklist-table-row')).toHaveCount(1)
  await reader.keyboard.press('n')
  await expect(reader.getByTestId('ecg-canvas')).toBeVisible()
  await reader.getByTestId('findings').fill('心房颤动可能，请上级会诊')
  await reader.getByTestId('more').click()
  await reader.getByTestId('do-escalate').click()
  await expect(reader.getByTestId('escalate-to')).toContainText('南江市第一人民医院')
  await expect(reader.getByTestId('dialog-do')).toBeDisabled()
  await reader.getByTestId('reason').fill('疑难病例')
  await judge(reader, 'referring a case up')
  await reader.keyboard.press('Control+Enter')
  await expect(reader.getByTestId('toast').first()).toContainText('已转交 南江市第一人民医院')
  await expect(reader.getByTestId('chip-waiting-count')).toHaveText('0')

  await test.step('the centre may still look at where it went', async () => {
    await reader.goto(addressOf(hub, `/case/${task}`))
    await expect(reader.getByTestId('tier-mark')).toHaveAttribute('data-tier', 'gone')
    await expect(reader.getByTestId('report-panel')).toHaveAttribute('data-duty', 'watch')
    await judge(reader, 'a case that was referred up')
  })
})

test('the wrong patient: a reader asks, the clinic is told', async ({ hub, desk }) => {
  const { task } = await sendSteps(hub, 'tech1')
  await hub.call('reader1', 'POST', `/api/v1/tasks/${task}/claim`, {})
  const reader = await desk('reader1')
  await reader.goto(addressOf(hub, `/case/${task}`))
  await expect(reader.getByTestId('ecg-canvas')).toBeVisible()
  await reader.getByTestId('more').click()
  await reader.getByTestId('do-correct').click()
  await reader.getByTestId('reason').fill('图像中的姓名与申请不符')
  await judge(reader, 'asking for a correction')
  await reader.getByTestId('dialog-do').click()
  await expect(reader.getByTestId('toast')).toContainText('等待对方确认')
  const tech = await desk('tech1')
  await expect(tech.getByTestId('todo-reassign')).toContainText('图像中的姓名与申请不符')
})

test('the dispatcher refers up and asks for corrections from the board', async ({ hub, desk }) => {
  await sendSteps(hub, 'tech1')
  const dispatcher = await desk('dispatcher1')
  const row = dispatcher.getByTestId('board-table-row')
  await expect(row).toHaveCount(1)
  await row.getByTestId('board-correct').click()
  await expect(dispatcher.getByTestId('correct-dialog')).toBeVisible()
  await dispatcher.getByTestId('dialog-cancel').click()
  await row.getByTestId('board-escalate').click()
  await expect(dispatcher.getByTestId('escalate-to')).toContainText('南江市第一人民医院')
  await dispatcher.getByTestId('reason').fill('本院无人值班')
  await dispatcher.getByTestId('dialog-do').click()
  await expect(row).toHaveCount(0)
})
