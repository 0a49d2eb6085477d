import AxeBuilder from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url))

/** They stand in the README and in git: none may be heavy. */
const largestBytes = 300_000

/**
 * Judges a page as somebody at it sees it: nothing wider than the window,
 * nothing axe calls serious.
 */
export async function judge(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready)
  const { wide, window } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, window: innerWidth }))
  expect.soft(wide, `${name}: width of the page`).toBeLessThanOrEqual(window)
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa']).analyze()
  const serious = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
  expect.soft(serious.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(' | ')}`), `${name}: what axe calls serious`).toEqual([])
}

/** What is meant to be touched and is lower than a finger needs, in CSS pixels. */
const fingerPx = 40

/** Judges a page on a phone: all of it, and every control large enough for a finger. */
export async function judgePhone(page: Page, name: string): Promise<void> {
  await judge(page, `${name} on a phone`)
  const low = await page.evaluate((least) => {
    const controls = [...document.querySelectorAll<HTMLElement>('button, nav a, a.btn, select, label.check, input:not([type=checkbox]):not([type=radio]):not([type=range])')]
    return controls.filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < least && !e.classList.contains('visually-hidden'))
      .map((e) => `${e.dataset['testid'] ?? e.textContent?.slice(0, 20)}: ${Math.round(e.getBoundingClientRect().height)} px`)
  }, fingerPx)
  expect.soft(low, `${name}: lower than a finger needs`).toEqual([])
}

/**
 * Judges a page; with UPDATE_SCREENSHOTS=1 its picture replaces the one in
 * docs/screenshots. Pages that show a radiograph or a CT are kept as JPEG.
 */
export async function picture(page: Page, name: string, type: 'png' | 'jpeg' = 'png'): Promise<void> {
  const taken = await page.screenshot({ animations: 'disabled', type, ...(type === 'jpeg' ? { quality: 88 } : {}) })
  expect.soft(taken.length, `${name}: bytes of the picture`).toBeLessThan(largestBytes)
  if (process.env.UPDATE_SCREENSHOTS === '1') {
    await mkdir(folder, { recursive: true })
    await writeFile(`${folder}${name}.${type === 'jpeg' ? 'jpg' : 'png'}`, taken)
  }
  await judge(page, name)
}
