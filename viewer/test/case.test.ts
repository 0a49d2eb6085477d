import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Ahead } from '../src/load/ahead'
import { Problem } from '../src/load/problem'
import type { Draft } from '../src/load/reports'
import type { Report } from '../src/load/types'
import { doubts } from '../src/app/case/checks'
import { againMs, DraftBox, emptyDraft, quietMs } from '../src/app/case/draft'
import { dutyOf } from '../src/app/case/duty'
import { edges, turned } from '../src/image/directions'
import { spacingSource } from '../src/image/spacing'
import { isSoftwareRenderer } from '../src/tools/gpu'
import { Prefetch } from '../src/tools/prefetch'

const patient = { id: 'p', name: '王芳', sex: 'F', birth_date: '', age: '' }
const codes = (d: Partial<Draft>, over = {}) =>
  doubts({ ...emptyDraft, findings: '双肺纹理清晰。', impression: '双肺未见异常。', ...d }, { kind: 'image', laterality: '', patient, ...over }).map((x) => x.code)

describe('before a report is sent', () => {
  test('a normal report raises nothing', () => expect(codes({})).toEqual([]))
  test.each([
    ['impression_empty', { impression: ' ' }, {}],
    ['residue', { findings: '结节大小约XXmm' }, {}],
    ['residue', { findings: '双肺[清晰/模糊]' }, {}],
    ['side', { impression: '右侧胫骨骨折' }, { laterality: 'L' }],
    ['sex', { findings: '前列腺增大' }, {}],
    ['positive', { positive: true }, {}],
    ['critical', { impression: '左侧硬膜下血肿，中线移位' }, {}],
  ] as const)('%s is seen', (code, d, over) => expect(codes(d, over)).toEqual([code]))
  test.each([
    [{ impression: '未见明确肺栓塞征象' }, {}],
    [{ impression: '急性心肌梗死', critical: true }, { kind: 'ecg' }],
    [{ impression: '左侧陈旧骨折，右侧未见异常' }, { laterality: 'R' }],
  ])('what is denied or flagged raises nothing: %o', (d, over) => expect(codes(d, over)).toEqual([]))
})

describe('what a person may do', () => {
  const reader = { login: 'me', roles: ['reader'] } as const
  const reviewer = { login: 'me', roles: ['reviewer'] } as const
  const tech = { login: 'me', roles: ['tech'] } as const
  test.each([
    ['queued', '', reader, '', 'take'],
    ['queued', '', reviewer, '', 'watch'],
    ['claimed', 'me', reader, '', 'write'],
    ['claimed', 'you', reader, '', 'watch'],
    ['written', '', reader, 'me', 'recall'],
    ['written', '', reader, 'you', 'watch'],
    ['written', '', reviewer, 'you', 'review'],
    ['written', '', reviewer, 'me', 'recall'],
    ['acknowledged', '', reader, 'you', 'done'],
    ['void', '', reader, 'me', 'watch'],
    ['queued', '', tech, '', 'watch'],
  ] as const)('%s held by "%s"', (state, holder, who, writer, duty) => {
    expect(dutyOf({ state, holder, writer }, { login: who.login, roles: [...who.roles] })).toBe(duty)
  })
})

describe('the draft', () => {
  let store: Map<string, string>
  let saved: [Draft, number][]
  let fail: unknown
  const keep = {
    getItem: (k: string) => store.get(k) ?? null,
    setItem: (k: string, v: string) => void store.set(k, v),
    removeItem: (k: string) => void store.delete(k),
  }
  const box = (claim = 3) =>
    new DraftBox('t', claim, emptyDraft, keep, async (_, d, c) => {
      if (fail) throw fail
      saved.push([d, c])
      return { id: 'r1' } as Report
    })
  beforeEach(() => {
    vi.useFakeTimers()
    store = new Map()
    saved = []
    fail = null
  })
  afterEach(() => void vi.useRealTimers())

  test('is kept at once and sent after a quiet moment with its claim', async () => {
    const b = box()
    b.change({ findings: 'a' })
    b.change({ findings: 'ab' })
    expect(store.size).toBe(1)
    await vi.advanceTimersByTimeAsync(quietMs)
    expect(saved).toEqual([[{ ...emptyDraft, findings: 'ab' }, 3]])
    expect(b.state.value).toBe('saved')
    expect(store.size).toBe(0)
  })

  test('survives a broken line and a reload', async () => {
    fail = new Problem(0, 'network', '')
    const b = box()
    b.change({ impression: 'x' })
    await vi.advanceTimersByTimeAsync(quietMs)
    expect(b.state.value).toBe('kept')
    const again = box()
    expect(again.draft.value.impression).toBe('x')
    fail = null
    await vi.advanceTimersByTimeAsync(againMs)
    expect(saved.length).toBeGreaterThan(0)
    expect(again.state.value).toBe('saved')
  })

  test("does not overwrite the next reader's text", async () => {
    fail = new Problem(409, 'task.not_holder', 'x')
    const b = box()
    b.change({ impression: 'x' })
    await vi.advanceTimersByTimeAsync(quietMs)
    expect(b.state.value).toBe('stale')
    fail = null
    await vi.advanceTimersByTimeAsync(againMs * 3)
    expect(saved).toEqual([])
    const changed = new DraftBox('t', 4, { ...emptyDraft, impression: 'by the next reader' }, keep, async () => ({ id: 'r1' }) as Report)
    expect(changed.draft.value.impression).toBe('by the next reader')
  })

  test('comes back after the case was given back untouched and claimed again', async () => {
    fail = new Problem(401, 'session.none', 'x')
    const b = box()
    b.change({ impression: 'half a sentence' })
    await vi.advanceTimersByTimeAsync(quietMs)
    expect(box(5).draft.value.impression).toBe('half a sentence')
  })

  test.each(['{"claim":3,"draft":7}', '[]', 'null', 'rubbish', '{"claim":"3"}'])('a damaged copy %s does no harm', (text) => {
    store.set('yz.draft.t', text)
    expect(box().draft.value).toEqual(emptyDraft)
  })

  test('that the hub refuses says so and is tried again with the next change', async () => {
    fail = new Problem(400, 'request.json', 'x')
    const b = box()
    b.change({ impression: 'x' })
    await vi.advanceTimersByTimeAsync(quietMs + againMs * 2)
    expect([b.state.value, b.fault]).toEqual(['refused', fail])
    fail = null
    b.change({ impression: 'xy' })
    await vi.advanceTimersByTimeAsync(quietMs)
    expect(b.state.value).toBe('saved')
  })

  test('typed while it is being sent is sent too', async () => {
    let release = () => {}
    const sent: string[] = []
    const b = new DraftBox('t', 1, emptyDraft, null, async (_, d) => {
      sent.push(d.findings)
      await new Promise<void>((r) => (release = r))
      return { id: 'r1' } as Report
    })
    b.change({ findings: '1' })
    await vi.advanceTimersByTimeAsync(quietMs)
    b.change({ findings: '12' })
    release()
    await vi.advanceTimersByTimeAsync(quietMs)
    release()
    await vi.advanceTimersByTimeAsync(0)
    expect(sent).toEqual(['1', '12'])
    expect(b.state.value).toBe('saved')
  })
})

describe('directions', () => {
  const axial = { '00200037': { vr: 'DS', Value: [1, 0, 0, 0, 1, 0] } }
  test('of an axial slice', () => expect(edges(axial)).toEqual({ right: 'L', left: 'R', top: 'A', bottom: 'P' }))
  test('of a radiograph as stated', () => {
    expect(edges({ '00200020': { vr: 'CS', Value: ['L', 'F'] } })).toEqual({ right: 'L', left: 'R', top: 'H', bottom: 'F' })
    expect(edges({ '00200020': { vr: 'CS', Value: ['rubbish', 'F'] } })).toBeNull()
  })
  test('follow turning and flipping', () => {
    expect(turned(edges(axial), 90, false)).toEqual({ top: 'R', right: 'A', bottom: 'L', left: 'P' })
    expect(turned(edges(axial), 0, true)).toMatchObject({ left: 'L', right: 'R' })
  })
})

test('a length says where its millimetres come from', () => {
  const ds = (a: number, b: number) => ({ vr: 'DS', Value: [a, b] })
  const cs = (v: string) => ({ vr: 'CS', Value: [v] })
  expect(spacingSource({ '00280030': ds(0.5, 0.5), '00080060': cs('CT') })).toBe('pixel')
  expect(spacingSource({ '00181164': ds(0.1, 0.1), '00080060': cs('DX') })).toBe('detector')
  expect(spacingSource({ '00280030': ds(0.1, 0.1), '00181164': ds(0.1, 0.1), '00080060': cs('DX') })).toBe('detector')
  expect(spacingSource({ '00280030': ds(0.08, 0.08), '00181164': ds(0.1, 0.1), '00080060': cs('DX') })).toBe('calibrated')
  expect(spacingSource({ '00080060': cs('XC') })).toBe('none')
})

test('a PC without a graphics card is recognised', () => {
  expect(isSoftwareRenderer('ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device))')).toBe(true)
  expect(isSoftwareRenderer('Microsoft Basic Render Driver')).toBe(true)
  expect(isSoftwareRenderer('ANGLE (Intel, Intel(R) HD Graphics 520)')).toBe(false)
})

test('fetching ahead follows the reader and forgets the old stack', async () => {
  const asked: string[] = []
  const open = new Map<string, () => void>()
  let done = -1
  const p = new Prefetch((id) => { asked.push(id); return new Promise<void>((r) => open.set(id, r)) }, (n) => (done = n), 2)
  p.start(['a', 'b', 'c', 'd'])
  expect(asked).toEqual(['a', 'b'])
  p.reorder(['d', 'c', 'b', 'a'])
  open.get('a')!()
  await vi.waitFor(() => expect(asked).toEqual(['a', 'b', 'd']))
  expect(done).toBe(1)
  p.start(['x'])
  open.get('b')!()
  await Promise.resolve()
  expect(asked).toEqual(['a', 'b', 'd', 'x'])
})

test('what was fetched ahead is used once, and failures are asked again', async () => {
  const a = new Ahead(2)
  let n = 0
  const make = async () => ++n
  void a.warm('x', make)
  expect(await a.take('x', make)).toBe(1)
  expect(await a.take('x', make)).toBe(2)
  await a.warm('bad', async () => { throw new Error('down') }).catch(() => {})
  expect(await a.take('bad', make)).toBe(3)
  for (const k of ['1', '2', '3']) void a.warm(k, make)
  expect(await a.take('1', async () => 'gone')).toBe('gone')
})
