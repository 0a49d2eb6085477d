import { expect, type Locator, type Page, test as base } from '@playwright/test'
import { clinicHost } from '../playwright.config'
import { Hub } from './hub'
import { Line } from './line'

export interface DeskOptions {
  viewport?: { width: number; height: number }
  /** A phone: fingers instead of a mouse. */
  touch?: boolean
  /** Console errors that belong to the story, such as the 409 of the reader who comes second. */
  expects?: readonly RegExp[]
  /** Behind the line that can be cut; its breaks are no faults of the page. */
  remote?: boolean
}

export interface Fixtures {
  /** Whether the hub starts without studies. */
  empty: boolean
  /** A hub of this story's own. */
  hub: Hub
  /** A line to the hub that a story may cut. */
  line: Line
  /** Sits an account down at a browser of its own, logged in. */
  desk(login: string, options?: DeskOptions): Promise<Page>
}

/**
 * Stories in which an uncaught error of a page ends the page, so that whatever
 * waits on it fails at once, and in which an error in a console or in the
 * hub's log fails the story.
 */
export const test = base.extend<Fixtures>({
  empty: [true, { option: true }],
  hub: async ({ empty }, use, info) => {
    const hub = await Hub.start({ empty })
    try {
      await use(hub)
    } finally {
      await hub.stop()
      if (info.status !== info.expectedStatus) await info.attach('hub.log', { body: hub.log, contentType: 'text/plain' })
    }
    expect(hub.log.split('\n').filter((line) => line.includes('level=ERROR')), 'errors in the log of the hub').toEqual([])
  },
  line: async ({ hub }, use) => {
    const line = await Line.to(hub.port)
    await use(line)
    await line.close()
  },
  desk: async ({ browser, hub, line }, use) => {
    const faults: string[] = []
    const pages: Page[] = []
    await use(async (login, options = {}) => {
      const context = await browser.newContext({ viewport: options.viewport ?? { width: 1366, height: 768 }, hasTouch: options.touch ?? false, isMobile: options.touch ?? false, acceptDownloads: true })
      const page = await context.newPage()
      pages.push(page)
      watch(page, login, [...(options.expects ?? []), ...(options.remote ? cutOff : [])], faults)
      await page.goto(addressOf(options.remote ? line : hub))
      await logIn(page, hub, login)
      return page
    })
    for (const page of pages) await page.context().close()
    expect(faults, 'errors in the pages').toEqual([])
  },
})

export { expect }

/** Asking who is logged in, before anybody is, is answered 401; Chromium calls that an error. */
const usual = [/\/api\/v1\/session .*401/]

/** What Chromium says of a line that is down. */
const cutOff = [/net::ERR_/, /WebSocket connection to .* failed/]

function watch(page: Page, login: string, expects: readonly RegExp[], faults: string[]): void {
  page.on('pageerror', (fault) => {
    faults.push(`${login}: ${fault.stack ?? fault.message}`)
    void page.close()
  })
  page.on('console', (message) => {
    if (message.type() !== 'error') return
    const line = `${message.location().url} ${message.text()}`
    if (![...usual, ...expects].some((known) => known.test(line))) faults.push(`${login}: ${line}`)
  })
}

/** Where a browser finds the hub, directly or through a line. */
export function addressOf(way: { port: number }, path = '/'): string {
  return `http://${clinicHost}:${way.port}${path}`
}

async function logIn(page: Page, hub: Hub, login: string): Promise<void> {
  const account = hub.account(login)
  await page.getByTestId('login-account').fill(account.login)
  await page.getByTestId('login-password').fill(account.password)
  await page.getByTestId('login-submit').click()
  await expect(page.getByTestId('who')).toContainText(account.name)
}

/** How much the grey values of a canvas differ: 0 for one colour. */
export async function contrast(canvas: Locator): Promise<number> {
  return canvas.evaluate((source) => {
    const copy = document.createElement('canvas')
    copy.width = 128
    copy.height = 128
    const g = copy.getContext('2d')!
    g.drawImage(source as HTMLCanvasElement, 0, 0, copy.width, copy.height)
    const { data } = g.getImageData(0, 0, copy.width, copy.height)
    let sum = 0
    let squares = 0
    const n = data.length / 4
    for (let i = 0; i < data.length; i += 4) {
      const grey = (data[i]! + data[i + 1]! + data[i + 2]!) / 3
      sum += grey
      squares += grey * grey
    }
    return Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2))
  })
}
