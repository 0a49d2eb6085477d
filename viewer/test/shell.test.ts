import { describe, expect, test } from 'vitest'
import { left, shortStamp, stamp } from '../src/app/clock'
import { readProblem } from '../src/load/problem'
import { allowed, findRoute, home, matchPath, type Route } from '../src/app/route'
import { nameOf } from '../src/app/keys'

const at = Date.parse('2026-11-21T06:05:00Z')
const inMinutes = (n: number) => new Date(at + n * 60_000).toISOString()

describe('the clock', () => {
  test.each([
    [12, '剩 12 分', 'soon'],
    [16, '剩 16 分', 'calm'],
    [100, '剩 1:40', 'calm'],
    [0, '剩 0 分', 'soon'],
    [-5, '超时 5 分', 'late'],
    [-0.5, '超时 1 分', 'late'],
    [-75, '超时 1:15', 'late'],
    [60 * 72, '剩 3 天', 'calm'],
  ])('%d minutes to go reads %s', (n, text, level) => {
    expect(left(inMinutes(n), at)).toEqual({ text, level })
  })

  test('no deadline is no countdown', () => {
    expect(left(null, at).level).toBe('none')
    expect(left('rubbish', at).level).toBe('none')
  })

  test('times are shown in Shanghai whatever the PC says', () => {
    expect(stamp('2026-11-21T06:05:00Z')).toBe('2026-11-21 14:05')
    expect(stamp('2026-11-21T18:05:00Z')).toBe('2026-11-22 02:05')
    expect(shortStamp('2026-11-20T15:59:00Z', at)).toBe('11-20 23:59')
    expect(shortStamp('2026-11-20T16:01:00Z', at)).toBe('00:01')
  })

  test("Go's zero time is no time", () => {
    expect(stamp('0001-01-01T00:00:00Z')).toBe('')
  })
})

describe('routes', () => {
  const page = () => Promise.reject(new Error('not loaded in this test'))
  const routes: Route[] = [
    { pattern: '/worklist', roles: ['reader'], load: page, nav: { label: () => 'a', at: 10 } },
    { pattern: '/case/:id', roles: ['reader'], load: page },
    { pattern: '/upload', roles: ['tech'], load: page, nav: { label: () => 'b', at: 1 } },
  ]

  test('a pattern names the parts of a path', () => {
    expect(matchPath('/case/:id', '/case/a%2Fb')).toEqual({ id: 'a/b' })
    expect(matchPath('/case/:id', '/case/')).toBeNull()
    expect(matchPath('/case/:id', '/case/1/2')).toBeNull()
    expect(matchPath('/case/:id', '/case/%E0%A4%A')).toBeNull()
    expect(matchPath('/worklist', '/worklist/')).toEqual({})
  })

  test('each role begins at its first page and sees its own only', () => {
    expect(home(routes, ['reader'])).toBe('/worklist')
    expect(home(routes, ['tech'])).toBe('/upload')
    expect(home(routes, ['auditor'])).toBeNull()
    expect(allowed(routes, ['tech']).map((r) => r.pattern)).toEqual(['/upload'])
    expect(findRoute(routes, '/case/7')?.params).toEqual({ id: '7' })
  })
})

describe('problems', () => {
  test("show the hub's sentence and keep what it carries", () => {
    const p = readProblem(409, '{"title":"Conflict","detail":"李医师已领取","code":"task.claimed","holder":"u2","claim":4}')
    expect([p.detail, p.code, p.more['holder']]).toEqual(['李医师已领取', 'task.claimed', 'u2'])
  })

  test("a proxy's page is no sentence", () => {
    expect(readProblem(502, '<html>Bad Gateway').detail).toBe('')
    expect(readProblem(502, '[1]').passing).toBe(true)
  })
})

test('keys have one name whatever the keyboard sends', () => {
  const press = (key: string, mods: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey', boolean>> = {}) =>
    nameOf({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...mods })
  expect(press('N')).toBe('n')
  expect(press('R', { shiftKey: true })).toBe('Shift+r')
  expect(press('?', { shiftKey: true })).toBe('?')
  expect(press('Enter', { metaKey: true })).toBe('Ctrl+Enter')
})
