import type { Page } from '@playwright/test'
import { addressOf, expect, test } from '../hub/fixture'
import { judgePhone } from '../hub/screens'

test.use({ empty: false })

const phone = { viewport: { width: 390, height: 844 }, touch: true }

/** Who opens what on a phone, and what must be there before it is judged. */
const pages: readonly (readonly [login: string, path: string, shown: string])[] = [
  ['tech1', '/upload', 'today-table'],
  ['tech1', '/orders', 'orders'],
  ['tech1', '/orders/new', 'order-form'],
  ['tech1', '/results', 'results'],
  ['tech1', '/reassign', 'reassign'],
  ['clinician1', '/recognition', 'recognition'],
  ['clinician1', '/me', 'me'],
  ['reader1', '/worklist', 'worklist-table'],
  ['dispatcher1', '/board', 'board-table'],
  ['dispatcher1', '/roster', 'roster-table'],
  ['qc1', '/quality', 'quality'],
  ['admin', '/accounts', 'accounts-table'],
  ['admin', '/members', 'members-table'],
  ['admin', '/devices', 'devices'],
  ['admin', '/agreements', 'agreements-table'],
  ['admin', '/catalogue', 'catalogue-table'],
  ['admin', '/overview', 'overview'],
  ['auditor', '/audit', 'audit-table'],
]

test('every page fits a phone and its fingers', async ({ hub, desk }) => {
  test.setTimeout(300_000)
  await expect.poll(() => hub.log.includes('everything is sent'), { timeout: 90_000 }).toBe(true)
  const open = new Map<string, Page>()
  for (const [login, path, shown] of pages) {
    const page = open.get(login) ?? (await desk(login, phone))
    open.set(login, page)
    await page.goto(addressOf(hub, path))
    await expect(page.getByTestId(shown)).toBeVisible()
    await expect(page.getByTestId('skeleton')).toHaveCount(0)
    await judgePhone(page, `${path} of ${login}`)
  }
})

test('an ECG on a phone: callipers by finger, the paper larger by two', async ({ hub, desk }) => {
  test.setTimeout(240_000)
  await expect.poll(() => hub.log.includes('everything is sent'), { timeout: 90_000 }).toBe(true)
  const { items } = await hub.call<{ items: { id: string }[] }>('reader1', 'GET', '/api/v1/tasks?kind=ecg')
  await hub.call('reader1', 'POST', `/api/v1/tasks/${items[0]!.id}/claim`, {})
  const reader = await desk('reader1', phone)
  await reader.goto(addressOf(hub, `/case/${items[0]!.id}`))
  const canvas = reader.getByTestId('ecg-canvas')
  await expect(canvas).toBeVisible()
  await judgePhone(reader, 'an ECG')

  const touch = await reader.context().newCDPSession(reader)
  const box = (await canvas.boundingBox())!
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  const put = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...points: (readonly [number, number])[]) =>
    touch.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([px, py], id) => ({ x: px, y: py, id })) })

  await test.step('one finger draws the caliper and takes its end again', async () => {
    await put('touchStart', [x - 60, y])
    await put('touchMove', [x, y - 10])
    await put('touchEnd')
    const read = async () => Number(/(\d+) ms/.exec((await reader.getByTestId('caliper-reading').textContent()) ?? '')?.[1])
    const first = await read()
    expect(first).toBeGreaterThan(0)
    await put('touchStart', [x + 4, y - 8])
    await put('touchMove', [x + 60, y - 10])
    await put('touchEnd')
    expect(await read()).toBeGreaterThan(1.8 * first)
  })

  await test.step('two fingers make the paper larger', async () => {
    const before = Number(await canvas.getAttribute('data-px-per-mm'))
    await put('touchStart', [x - 30, y])
    await put('touchStart', [x - 30, y], [x + 30, y])
    await put('touchMove', [x - 60, y], [x + 60, y])
    await put('touchEnd')
    await expect.poll(async () => Number(await canvas.getAttribute('data-px-per-mm'))).toBeGreaterThan(1.5 * before)
    await expect(reader.getByTestId('caliper-reading')).not.toContainText('ms')
  })
})
