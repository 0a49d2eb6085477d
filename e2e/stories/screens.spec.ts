import type { Page } from '@playwright/test'
import { addressOf, expect, test } from '../hub/fixture'
import type { Hub } from '../hub/hub'
import { judge, picture } from '../hub/screens'
import { fillOrder, pictureShown, rowOf } from '../hub/steps'
import type { Person } from '../hub/people'

// The demo's own studies: these stories need no files from outside.
test.use({ empty: false })

const phone = { width: 375, height: 812 }

interface Task {
  id: string
  claim: number
  report: string
  order: string
  patient: { name: string }
}

/** Waits until the demo's exams are all in the reading room's list. */
async function everythingSent(hub: Hub): Promise<void> {
  await expect.poll(() => hub.log.includes('everything is sent'), { timeout: 90_000, message: 'the demo sends its exams' }).toBe(true)
}

async function taskOf(hub: Hub, name: string): Promise<Task> {
  const { items } = await hub.call<{ items: Task[] }>('reader1', 'GET', '/api/v1/tasks')
  const found = items.find((t) => t.patient.name === name)
  if (!found) throw new Error(`the demo has no exam of that name among ${items.length}`)
  return found
}

/** Two doctors read and sign an exam, so that the clinic has a result. */
async function sign(hub: Hub, task: string, report: Record<string, unknown>): Promise<void> {
  const { claim } = await hub.call<Task>('reader2', 'POST', `/api/v1/tasks/${task}/claim`, {})
  await hub.call('reader2', 'PUT', `/api/v1/tasks/${task}/report`, { ...report, claim })
  await hub.call('reader2', 'POST', `/api/v1/tasks/${task}/submit`, {})
  await hub.call('reviewer1', 'POST', `/api/v1/tasks/${task}/approve`, {})
}

const pneumonia = {
  findings: '胸廓对称，气管居中。右下肺野见片状密度增高影，边缘模糊，其余肺野清晰。心影大小、形态正常。双侧膈面光滑，肋膈角锐利。',
  impression: '右下肺炎症，建议抗感染治疗后复查。',
  recommendation: '2 周后复查胸片',
  positive: true,
  grade: 'A',
}

test('the reading room, as a doctor sees it', async ({ hub, desk }) => {
  test.setTimeout(240_000)
  await everythingSent(hub)
  const reader = await desk('reader1')
  await expect(reader.getByTestId('worklist-table-row').nth(10)).toBeVisible()
  await reader.mouse.move(0, 0)
  await picture(reader, 'worklist')

  await rowOf(reader, '王秀芳').click()
  await pictureShown(reader)
  await reader.getByTestId('findings').fill(pneumonia.findings)
  await reader.getByTestId('impression').fill(pneumonia.impression)
  await reader.getByTestId('positive').click()
  await expect(reader.getByTestId('saving')).toHaveAttribute('data-state', 'saved')
  await picture(reader, 'reading-image', 'jpeg')

  await reader.getByTestId('case-back').click()
  await rowOf(reader, '李桂英').click()
  await pictureShown(reader)
  await reader.keyboard.press('2')
  await expect(reader.getByTestId('pane-window')).toContainText('W 1500 L -600')
  await picture(reader, 'reading-ct', 'jpeg')

  await reader.getByTestId('case-back').click()
  await rowOf(reader, '买买提').click()
  await expect(reader.getByTestId('ecg-canvas')).toBeVisible()
  await picture(reader, 'reading-ecg')
  await reader.getByTestId('critical').click()
  await reader.getByTestId('critical-E10').check()
  await reader.getByTestId('critical-text').fill('心室率约 34 次/分')
  await picture(reader, 'critical-flag')
})

test('the clinic, at its desk and on the phone', async ({ hub, desk }) => {
  test.setTimeout(240_000)
  await everythingSent(hub)
  const read = await taskOf(hub, '王秀芳')
  await sign(hub, read.id, pneumonia)
  const tech = await desk('tech1')
  await expect(tech.getByTestId('today-table-row').nth(3)).toBeVisible()
  await picture(tech, 'clinic')
  await tech.getByTestId('nav-orders').click()
  await expect(tech.getByTestId('orders-table-row').first()).toBeVisible()
  await judge(tech, 'orders')

  const clinician = await desk('clinician1')
  await clinician.goto(addressOf(hub, `/results/${read.id}`))
  await expect(clinician.getByTestId('result-impression')).toHaveText(pneumonia.impression)
  await picturesLoaded(clinician)
  await picture(clinician, 'result')

  const mobile = await desk('clinician1', { viewport: phone, touch: true })
  await expect(mobile.getByTestId('today')).toBeVisible()
  await picture(mobile, 'phone-clinic')
  await mobile.goto(addressOf(hub, `/results/${read.id}`))
  await expect(mobile.getByTestId('result-impression')).toHaveText(pneumonia.impression)
  await picturesLoaded(mobile)
  await picture(mobile, 'phone-result')
})

test('a critical value, at the desk and on the phone', async ({ hub, desk }) => {
  test.setTimeout(240_000)
  await everythingSent(hub)
  const task = await taskOf(hub, '买买提·艾力')
  await hub.call('reader1', 'POST', `/api/v1/tasks/${task.id}/claim`, {})
  await hub.call('reader1', 'POST', `/api/v1/tasks/${task.id}/critical`, { items: ['E10'], text: '心室率约 34 次/分' })
  const tech = await desk('tech3')
  await expect(tech.getByTestId('critical-bar')).toBeVisible()
  await picture(tech, 'critical')
  await tech.getByTestId('critical-receive').click()
  await judge(tech, 'critical-receive')
  const mobile = await desk('clinician3', { viewport: phone, touch: true })
  await expect(mobile.getByTestId('critical-bar')).toBeVisible()
  await picture(mobile, 'phone-critical')
})

test('an order that finds an earlier result', async ({ hub, desk }) => {
  test.setTimeout(240_000)
  await everythingSent(hub)
  const read = await taskOf(hub, '王秀芳')
  await sign(hub, read.id, pneumonia)
  const first = await hub.call<{ patient_name: string; id_number: string; birth_date: string }>('tech1', 'GET', `/api/v1/orders/${read.order}`)
  const who: Person = { name: first.patient_name, idNumber: first.id_number, birth: first.birth_date, id: 'BS000388', sex: 'F', pinyin: '' }
  const clinician = await desk('clinician2')
  await clinician.getByTestId('nav-orders').click()
  await fillOrder(clinician, who, 'DX-CHEST')
  await clinician.getByTestId('order-history').fill('咳嗽未愈')
  await clinician.getByTestId('order-consent').check()
  await expect(clinician.getByTestId('candidate')).toBeVisible()
  await picture(clinician, 'order')
  await clinician.getByTestId('decide').click()
  await clinician.getByTestId('decision-recognise').click()
  await picture(clinician, 'recognition')
})

test('those who keep the alliance running', async ({ hub, desk }) => {
  test.setTimeout(240_000)
  await everythingSent(hub)
  const dispatcher = await desk('dispatcher1')
  await expect(dispatcher.getByTestId('board-table-row').nth(5)).toBeVisible()
  await picture(dispatcher, 'board')
  const admin = await desk('admin')
  for (const page of ['accounts', 'members', 'devices', 'agreements', 'roster', 'catalogue', 'overview', 'me']) {
    await admin.getByTestId(`nav-${page}`).click()
    await expect(admin.getByTestId(page)).toBeVisible()
    await expect(admin.getByTestId('skeleton')).toHaveCount(0)
    if (page === 'accounts') await picture(admin, 'admin')
    else await judge(admin, page)
  }
  for (const [login, page] of [['auditor', 'audit'], ['qc1', 'quality'], ['regulator', 'overview'], ['secadmin', 'accounts']] as const) {
    const other = await desk(login)
    await other.getByTestId(`nav-${page}`).click()
    await expect(other.getByTestId(page)).toBeVisible()
    await expect(other.getByTestId('skeleton')).toHaveCount(0)
    await judge(other, `${page} of ${login}`)
  }
})

test.describe('without studies', () => {
  test.use({ empty: true })
  test('who is logged out, lost, without work or not allowed is told so', async ({ hub, desk }) => {
    const reader = await desk('reader1')
    await expect(reader.getByTestId('worklist')).toContainText('没有待诊断的检查')
    await judge(reader, 'empty worklist')
    await reader.goto(addressOf(hub, '/accounts'))
    await expect(reader.getByTestId('forbidden')).toBeVisible()
    await judge(reader, 'forbidden')
    await reader.goto(addressOf(hub, '/nowhere'))
    await expect(reader.getByTestId('not-found')).toBeVisible()
    await judge(reader, 'not found')
    await reader.getByTestId('switch-language').click()
    await reader.goto(addressOf(hub, '/worklist'))
    await expect(reader.getByTestId('chip-waiting')).toContainText('Waiting')
    await judge(reader, 'worklist in English')
    await reader.getByTestId('logout').click()
    await expect(reader.getByTestId('login-form')).toBeVisible()
    await judge(reader, 'login')
  })
})

async function picturesLoaded(page: Page): Promise<void> {
  await expect.poll(() => page.locator('img').evaluateAll((all) => all.length > 0 && all.every((x) => (x as HTMLImageElement).naturalWidth > 0))).toBe(true)
}
