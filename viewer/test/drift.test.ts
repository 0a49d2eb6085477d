import { expect, test } from 'vitest'
import './browser'
import { course } from '../src/app/admin/drift'

const month = (m: string, qrs: number) => ({ device: 'A', month: m, count: 9, differences: { qrs_ms: { count: 9, median: qrs, spread: 1 } } })

test('a device that moved away from its own past is marked', () => {
  const list = [month('2026-08', -3), month('2026-09', -2), month('2026-10', -3), month('2026-11', 6)]
  expect(course(list, 'qrs_ms').moved).toBe(true)
  expect(course(list.slice(0, 3), 'qrs_ms').moved).toBe(false)
  expect(course(list, 'pr_ms')).toEqual({ points: [], moved: false })
})
