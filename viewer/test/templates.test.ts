import { expect, test } from 'vitest'
import './browser'
import { append, entryOf, suits } from '../src/app/case/templates'

test('a statement of the ECG vocabulary is found by words, initials and codes', () => {
  const x = entryOf({ code: 'AFIB', group: 'rhythm', zh: '心房颤动', en: 'Atrial fibrillation', scp: 'AFIB', aha: 50, grade: 'abnormal' })
  expect(['心房', 'xfcd', 'afib', 'atrial fib', '50', ''].map((q) => suits(x, 'ECG', q))).toEqual(Array(6).fill(true))
  expect(suits(x, 'ECG', '房扑')).toBe(false)
})

test('a template goes below what is already written', () => {
  expect([append('', 'a'), append('b \n', 'a'), append('b', ' ')]).toEqual(['a', 'b\na', 'b'])
})
