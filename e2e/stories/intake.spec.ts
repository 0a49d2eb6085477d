import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import type { Page } from '@playwright/test'
import { expect, test } from '../hub/fixture'
import { materialFolder, materialMissing } from '../hub/inputs'
import { judge } from '../hub/screens'

/** A grey PNG of 300 × 200 pixels. */
function png(): Buffer {
  const table = Array.from({ length: 256 }, (_, n) => {
    let c = n
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
    return c >>> 0
  })
  const crc = (b: Buffer) => (b.reduce((c, x) => table[(c ^ x) & 255]! ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const size = Buffer.alloc(4)
    size.writeUInt32BE(data.length)
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc(body))
    return Buffer.concat([size, body, sum])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(300, 0)
  head.writeUInt32BE(200, 4)
  head[8] = 8
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.alloc(301 * 200, 200))), chunk('IEND', Buffer.alloc(0))])
}

const line = (page: Page) => page.getByTestId('upload-line')

test('a photograph of an ECG is sent once somebody says that it is one', async ({ hub, desk }) => {
  const tech = await desk('tech1')
  const photo = { name: '心电图.png', mimeType: 'image/png', buffer: png() }
  await tech.getByTestId('files-input').setInputFiles(photo)
  await expect(tech.getByTestId('photo-dialog')).toContainText('心电图.png')
  await judge(tech, 'asking about a picture')
  await tech.getByTestId('dialog-cancel').click()
  await expect(line(tech)).toHaveCount(0)
  await tech.getByTestId('files-input').setInputFiles(photo)
  await tech.getByTestId('dialog-do').click()
  await expect(line(tech)).toHaveAttribute('data-state', 'done')
  await expect(tech.getByTestId('verdict')).toContainText('已作为心电图图片交给诊断医师')
  await judge(tech, 'a picture that was taken')

  const reader = await desk('reader1')
  await expect(reader.getByTestId('worklist-table-row')).toHaveCount(1)
  await reader.keyboard.press('n')
  await expect(reader.getByTestId('ecg-photo')).toBeVisible()
  await judge(reader, 'reading a photograph')
  expect(hub.log).not.toContain('心电图.png')
})

test('what is no exam is named, with what was kept', async ({ desk }) => {
  const tech = await desk('tech1')
  await tech.getByTestId('files-input').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello, this is no exam') })
  await expect(line(tech)).toHaveAttribute('data-state', 'done')
  await expect(tech.getByTestId('upload-says')).toHaveText('未能接收')
  await expect(tech.getByTestId('verdict').first()).toContainText('已保存 0/1 个文件')
  await expect(tech.getByTestId('verdict').nth(1)).toContainText('notes.txt')
  await judge(tech, 'an upload that is no exam')
})

test('an ECG of several files is one line and one recording', async ({ desk }) => {
  test.skip(materialMissing() !== '', materialMissing())
  const tech = await desk('tech1')
  const files = await Promise.all(['s0010_re.dat', 's0010_re.xyz', 's0010_re.hea'].map(async (name) => ({ name, mimeType: '', buffer: await readFile(join(materialFolder, 'ecg/wfdb/ptb', name)) })))
  await tech.getByTestId('files-input').setInputFiles(files)
  await expect(line(tech)).toHaveCount(1)
  await expect(line(tech)).toHaveAttribute('data-state', 'done', { timeout: 20_000 })
  await expect(tech.getByTestId('today-table-row')).toHaveCount(1)
  await expect(line(tech)).toContainText('3/3')
  await expect(tech.getByTestId('upload-says')).toHaveText('已接收')
})
