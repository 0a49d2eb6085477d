import { addressOf, expect, test } from '../hub/fixture'
import { picture } from '../hub/screens'
import { longECG, sendECG } from '../hub/trace'

test('a long recording: from the day to one beat', async ({ hub, desk }) => {
  const { task } = await sendECG(hub, 'tech1', longECG())
  await hub.call('reader1', 'POST', `/api/v1/tasks/${task}/claim`, {})
  const reader = await desk('reader1')
  await reader.goto(`${addressOf(hub)}/case/${task}`)
  await expect(reader.getByTestId('holter-trend')).toBeVisible()
  await expect(reader.getByTestId('ecg-canvas')).toBeVisible()

  await test.step('the pause stands among the events, and a key goes there', async () => {
    const pause = reader.locator('[data-testid=holter-event][data-kind=pause]').first()
    await expect(pause).toContainText('长间歇 4000 ms')
    while ((await pause.getAttribute('aria-pressed')) !== 'true') {
      const before = await reader.getByTestId('holter-at').textContent()
      await reader.keyboard.press(']')
      await expect(reader.getByTestId('holter-at')).not.toHaveText(before ?? '')
    }
    await expect(reader.getByTestId('holter-at')).toHaveText('09:00:02')
    await picture(reader, 'reading-holter')
  })

  await test.step('a click on the trend goes to that time', async () => {
    const box = (await reader.getByTestId('holter-trend').boundingBox())!
    await reader.mouse.click(box.x + box.width / 2, box.y + 20)
    await expect(reader.getByTestId('holter-at')).toHaveText(/^08:4[45]:/)
  })
})
