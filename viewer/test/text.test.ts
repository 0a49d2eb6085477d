import { describe, expect, test } from 'vitest'
import { fill } from '../src/text/catalogue'

const areas = import.meta.glob<{ zh?: Record<string, string>; en?: Record<string, string> }>('../src/text/*.ts', { eager: true })
const catalogues = Object.entries(areas).filter(([, m]) => m.zh)

function names(s: string): string[] {
  return [...s.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!).sort()
}

describe.each(catalogues)('%s', (_, m) => {
  const zh = m.zh!
  const en = m.en ?? {}

  test('says the same things in both languages', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort())
  })

  test('fills the same values in both languages', () => {
    for (const key of Object.keys(zh)) expect([key, names(en[key]!)]).toEqual([key, names(zh[key]!)])
  })

  test('has no empty sentence and no exclamation mark', () => {
    for (const [key, s] of [...Object.entries(zh), ...Object.entries(en)]) {
      if (!key.endsWith('_')) expect(s, key).not.toBe('')
      expect(s, key).not.toMatch(/[!！]/)
    }
  })

  test('has no Chinese left in the English sentences', () => {
    for (const [key, s] of Object.entries(en)) {
      if (key !== 'switchLanguage') expect(s, key).not.toMatch(/[\u4e00-\u9fff]/)
    }
  })
})

test('there are catalogues to check', () => expect(catalogues.length).toBeGreaterThan(1))

test('an unknown value stays visible in a sentence', () => {
  expect(fill('剩 {n} 分，{x}', { n: 3 })).toBe('剩 3 分，{x}')
})
