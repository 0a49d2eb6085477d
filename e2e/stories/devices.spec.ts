import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Page } from '@playwright/test'
import { expect, test as base } from '../hub/fixture'
import { Hub, program } from '../hub/hub'
import { materialMissing, withRadiograph } from '../hub/inputs'
import { wang } from '../hub/people'
import { judge } from '../hub/screens'

const run = promisify(execFile)

// A hub that is as strict as one that serves patients.
const test = base.extend({
  hub: async ({}, use) => {
    const hub = await Hub.start({ empty: true, flags: ['--known-devices'] })
    await use(hub)
    await hub.stop()
  },
})

/** Sends as a modality does; says whether the hub let it. */
async function store(hub: Hub, path: string, calling: string): Promise<boolean> {
  return run(program, ['dicom', 'send', `127.0.0.1:${hub.dicomPort}`, '--called', 'YUANZHEN', '--calling', calling, path]).then(() => true, () => false)
}

async function openDevices(page: Page): Promise<void> {
  await page.goto(new URL('/devices', page.url()).href)
  await expect(page.getByTestId('devices')).toBeVisible()
}

test('a new modality is refused, found on the list, registered, and its images arrive', async ({ hub, desk }) => {
  test.skip(materialMissing() !== '', materialMissing())
  test.setTimeout(120_000)
  await withRadiograph(wang, 'QS-2026-77', async (path) => {
    expect(await store(hub, path, 'NEW_DR'), 'an unknown modality is let in').toBe(false)

    const admin = await desk('admin')
    await expect(async () => {
      await openDevices(admin)
      await expect(admin.getByTestId('refused-table-row').filter({ hasText: 'NEW_DR' })).toContainText('未登记', { timeout: 1000 })
    }).toPass({ timeout: 15_000 })
    await judge(admin, 'devices with a refused caller')

    await admin.getByTestId('refused-table-row').filter({ hasText: 'NEW_DR' }).getByTestId('refused-register').click()
    const form = admin.getByTestId('device-form')
    await expect(form.getByTestId('field-ae_title')).toHaveValue('NEW_DR')
    await expect(form.getByTestId('field-address')).toHaveValue('127.0.0.1')
    await form.getByTestId('field-member').selectOption('CLINIC1')
    await form.getByTestId('field-name').fill('二号 DR')
    await form.getByTestId('field-silent_hours').fill('8')
    await form.locator('footer [type=submit]').click()
    await expect(form).toBeHidden()
    await expect(admin.getByTestId('refused-table-row')).toHaveCount(0)

    expect(await store(hub, path, 'NEW_DR'), 'the registered modality is let in').toBe(true)
    await expect(async () => {
      await openDevices(admin)
      const row = admin.getByTestId('devices-table-row').filter({ hasText: 'NEW_DR' })
      await expect(row.locator('td').nth(5)).toHaveText('1', { timeout: 1000 })
      await expect(row).toContainText('二号 DR')
    }).toPass({ timeout: 15_000 })
  })
})

test('a copy goes to another archive, and the page says so', async ({ hub, desk }) => {
  test.skip(materialMissing() !== '', materialMissing())
  test.setTimeout(120_000)
  const other = await Hub.start({ empty: true }) // takes what anybody sends
  try {
    const admin = await desk('admin')
    await openDevices(admin)
    await admin.getByTestId('forward-add').click()
    const form = admin.getByTestId('forward-form')
    await form.getByTestId('field-name').fill('县医院 PACS')
    await form.getByTestId('field-address').fill('127.0.0.1')
    await form.getByTestId('field-port').fill(String(other.dicomPort))
    await form.getByTestId('field-called_ae').fill('PACS')
    await form.locator('footer [type=submit]').click()
    await expect(form).toBeHidden()
    await hub.call('admin', 'POST', '/api/v1/devices', { ae_title: 'DR1', name: 'DR', member: 'CLINIC1' })
    await withRadiograph(wang, 'QS-2026-78', async (path) => {
      expect(await store(hub, path, 'DR1')).toBe(true)
    })
    const row = admin.getByTestId('forwards-table-row')
    await expect(async () => {
      await openDevices(admin)
      await expect(row.locator('td').nth(6)).toHaveText('1', { timeout: 1000 })
    }).toPass({ timeout: 30_000 })
    await row.click()
    await expect(admin.getByTestId('forward-jobs-table-row')).toContainText('已完成')
    await expect(admin.getByTestId('forward-jobs-table-row')).toContainText('1 / 1')
    await judge(admin, 'what was forwarded')
    // The other archive queues it once it has settled there.
    await expect.poll(async () => (await other.call<{ items: unknown[] }>('reader1', 'GET', '/api/v1/tasks')).items.length).toBe(1)

    const phone = await desk('admin', { viewport: { width: 375, height: 812 } })
    await openDevices(phone)
    await expect(phone.getByTestId('forwards-table-row')).toBeVisible()
    await judge(phone, 'devices on a phone')
  } finally {
    await other.stop()
  }
})
