import { expect, type Locator, type Page } from '@playwright/test'
import { contrast } from './fixture'
import type { Person } from './people'

/** A person's row in the reading room's list. */
export function rowOf(page: Page, name: string): Locator {
  return page.getByTestId('worklist-table-row').filter({ hasText: name })
}

/** Marks the document, so that `sameDocument` can tell that nobody reloaded it. */
export async function mark(page: Page): Promise<void> {
  await page.evaluate(() => void (document.documentElement.dataset['mark'] = 'here'))
}

export async function sameDocument(page: Page): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-mark', 'here')
}

/** Waits until real pixels are on the screen, not the preview and not one grey. */
export async function pictureShown(page: Page): Promise<void> {
  const pane = page.getByTestId('pane').first()
  await expect(pane).toHaveAttribute('data-drawn', 'true', { timeout: 30_000 })
  await expect.poll(() => contrast(pane.locator('canvas').first()), { message: 'grey values of the picture' }).toBeGreaterThan(15)
}

/** Drags from one point of an element to another; both in parts of its size. */
export async function drag(page: Page, over: Locator, from: [number, number], to: [number, number]): Promise<void> {
  const box = await over.boundingBox()
  if (!box) throw new Error('nothing to drag over')
  const at = ([x, y]: [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const
  await page.mouse.move(...at(from))
  await page.mouse.down()
  await page.mouse.move(...at([(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]))
  await page.mouse.move(...at(to))
  await page.mouse.up()
}

/** Fills in an order up to the item: by then the page has asked for earlier results. */
export async function fillOrder(page: Page, who: Person, item: string): Promise<void> {
  await page.getByTestId('new-order').first().click()
  await page.getByTestId('order-id_number').fill(who.idNumber)
  await expect(page.getByTestId('order-birth_date'), 'the ID number fills in the birth date').toHaveValue(who.birth)
  await page.getByTestId('order-patient_name').fill(who.name)
  await page.getByTestId('order-patient_id').fill(who.id)
  await page.getByTestId('order-department').fill('全科')
  const doctor = page.getByTestId('order-doctor')
  if ((await doctor.inputValue()) === '') await doctor.fill('周建国') // a doctor's own name stands there already
  await page.getByTestId('order-item').fill(item)
  await page.getByTestId('order-item-option').first().click()
}

/** Fills in why, and sends the order. */
export async function sendOrder(page: Page, history: string): Promise<void> {
  await page.getByTestId('order-history').fill(history)
  await page.getByTestId('order-consent').check()
  await page.keyboard.press('Control+Enter')
}

/** The bytes behind a link, as the person at the page gets them. */
export async function linked(page: Page, link: Locator): Promise<Buffer> {
  const href = await link.getAttribute('href')
  if (!href) throw new Error('the link leads nowhere')
  const text = await page.evaluate(async (at) => {
    const answer = await fetch(at)
    if (!answer.ok) throw new Error(`${at}: ${answer.status}`)
    return Array.from(new Uint8Array(await answer.arrayBuffer()), (b) => String.fromCharCode(b)).join('')
  }, href)
  return Buffer.from(text, 'latin1')
}
