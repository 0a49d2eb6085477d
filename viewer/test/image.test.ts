import { describe, expect, test } from 'vitest'
import { opening, outward, slicesThatFit } from '../src/image/order'
import { apply, presets, range, windowOf } from '../src/image/presets'
import { firstSeries, frameRate, position, readPictures, readSeries, type DicomJson } from '../src/image/series'

const file = { width: 2000, centre: 1000 }

describe('windows', () => {
  test('of CT are Hounsfield values whatever the file says', () => {
    const lung = presets('CT').find((p) => p.name === 'lung')!
    expect(range(apply(lung, file))).toEqual({ lower: -1350, upper: 149 })
    expect(presets('CT').length).toBe(9)
  })
  test('of radiographs start from the file', () => {
    const [own, wide, , dense] = presets('DX')
    expect(apply(own!, file)).toEqual(file)
    expect(apply(wide!, file)).toEqual({ width: 3000, centre: 1000 })
    expect(apply(dense!, file)).toEqual({ width: 1600, centre: 1400 })
    expect(windowOf(range({ width: 80, centre: 40 }))).toEqual({ width: 80, centre: 40 })
  })
})

describe('fetching ahead', () => {
  test('goes outward from the slice in view', () => {
    expect(outward(2, 5, 99)).toEqual([2, 3, 1, 4, 0])
    expect(outward(0, 3, 99)).toEqual([0, 1, 2])
    expect(outward(50, 1000, 4)).toEqual([50, 51, 49, 52])
    expect(outward(0, 0, 9)).toEqual([])
  })
  test('stays within the memory of an old PC', () => {
    expect(slicesThatFit(512, 512, 2, 200 * 2 ** 20)).toBe(400)
    expect(slicesThatFit(4000, 4000, 2, 2 ** 20)).toBe(3)
  })
  test('begins in the middle of a volume', () => {
    expect([opening(300), opening(2), opening(0)]).toEqual([149, 0, 0])
  })
})

const el = (...Value: unknown[]) => ({ vr: 'XX', Value })
const slice = (n: number, z: number | null): DicomJson => ({
  '00080018': el(`1.2.${n}`), '00200013': el(n), '00280010': el(512),
  ...(z === null ? {} : { '00200037': el(1, 0, 0, 0, 1, 0), '00200032': el(0, 0, z) }),
})

describe('series', () => {
  test('open at the pictures, not at the scout or the report', () => {
    const s = readSeries('1', [
      { '0020000E': el('9'), '00080060': el('SR'), '00200011': el(1) },
      { '0020000E': el('7'), '00080060': el('CT'), '00200011': el(1), '0008103E': el('Scout') },
      { '0020000E': el('8'), '00080060': el('CT'), '00200011': el('2'), '00201209': el(300) },
      { '00080060': el('CT') },
    ])
    expect(s.map((x) => x.uid)).toEqual(['7', '8', '9'])
    expect(firstSeries(s)?.uid).toBe('8')
    expect(firstSeries(s.slice(2))).toBeNull()
  })

  test('run from head to feet by position, else by number', () => {
    expect(readPictures([slice(1, 10), slice(2, 30), slice(3, 20)]).map((p) => p.instance)).toEqual(['1.2.2', '1.2.3', '1.2.1'])
    expect(readPictures([slice(2, null), slice(1, 5)]).map((p) => p.instance)).toEqual(['1.2.1', '1.2.2'])
  })

  test('show every frame and leave out what has no picture', () => {
    const run = { ...slice(1, null), '00280008': el('3') }
    expect(readPictures([run, { '00080018': el('1.2.9') }]).map((p) => [p.instance, p.frame])).toEqual([['1.2.1', 1], ['1.2.1', 2], ['1.2.1', 3]])
  })

  test('do not trip over broken attributes', () => {
    expect(position({ '00200037': el(1, 0, 'x', 0, 1, 0), '00200032': el(0, 0, 1) })).toBeNull()
    expect(position({ '00200037': { vr: 'DS' } })).toBeNull()
    expect(frameRate({ '00181063': el('33.3') })).toBe(30)
    expect(frameRate({ '00181063': el('rubbish') })).toBe(12)
    expect(frameRate(undefined)).toBe(12)
  })
})
