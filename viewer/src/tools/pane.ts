import { Enums, type RenderingEngine, type StackViewport } from '@cornerstonejs/core'
import { wadors } from '@cornerstonejs/dicom-image-loader'
import { signal } from '@preact/signals'
import { type Edges, edges, turned } from '../image/directions'
import { opening, outward, slicesThatFit } from '../image/order'
import { apply, presets, range, type Window, windowOf } from '../image/presets'
import { frameRate, number, type Picture, type Series } from '../image/series'
import { framesOf } from '../load/dicomweb'
import { remember } from './known'
import { Prefetch } from './prefetch'

/** What a pane shows, for the texts around the picture. */
export interface PaneView {
  series: Series | null
  index: number
  count: number
  window: Window | null
  /** 1: fitted. */
  zoom: number
  inverted: boolean
  /** The first picture has been drawn. */
  drawn: boolean
  /** Pictures of this stack that have come. */
  fetched: number
  playing: boolean
  fps: number
  /** This picture cannot be shown; says why in the library's words. */
  fault: string
}

const empty: PaneView = {
  series: null, index: 0, count: 0, window: null, zoom: 1, inverted: false, drawn: false, fetched: 0, playing: false, fps: 12, fault: '',
}
/** Part of the library's cache that one stack may fill ahead. */
const aheadBytes = 200 * 1024 * 1024

/** One picture window: a stack of slices with its window, zoom and cine. */
export class Pane {
  readonly view = signal<PaneView>(empty)
  private ids: string[] = []
  private pictures: readonly Picture[] = []
  private ahead = 0
  private film: ReturnType<typeof setInterval> | undefined
  private turn = 0
  private readonly prefetch: Prefetch

  constructor(
    private readonly engine: RenderingEngine,
    readonly id: string,
    private readonly el: HTMLDivElement,
    load: (imageId: string) => Promise<unknown>,
  ) {
    this.prefetch = new Prefetch(load, (done) => this.set({ fetched: Math.min(done, this.ids.length) }))
    const { IMAGE_RENDERED, STACK_NEW_IMAGE, VOI_MODIFIED, CAMERA_MODIFIED } = Enums.Events
    el.addEventListener(IMAGE_RENDERED, this.onRendered)
    el.addEventListener(STACK_NEW_IMAGE, this.onNewImage)
    el.addEventListener(VOI_MODIFIED, this.read)
    el.addEventListener(CAMERA_MODIFIED, this.read)
  }

  private get port(): StackViewport {
    return this.engine.getViewport(this.id) as StackViewport
  }

  private set(change: Partial<PaneView>): void {
    this.view.value = { ...this.view.peek(), ...change }
  }

  /** Shows a series; `at` picks a picture, else the opening one. */
  async show(series: Series, pictures: readonly Picture[], at = opening(pictures.length)): Promise<void> {
    const turn = ++this.turn
    this.play(false)
    this.prefetch.stop()
    const ids = pictures.map((p) => `wadors:${location.origin}${framesOf(series, p)}`)
    remember(this.ids, ids, pictures)
    pictures.forEach((p, i) => {
      // A multi-frame instance is described once, under its first frame.
      if (p.frame === 1) wadors.metaDataManager.add(ids[i]!, p.metadata as never)
    })
    this.ids = ids
    this.pictures = pictures
    this.set({ ...empty, series, count: ids.length, index: at, fps: frameRate(pictures[0]?.metadata) })
    if (ids.length === 0) return
    const d = pictures[0]!.metadata
    const bytes = number(d, '00280002', 1) * Math.ceil(number(d, '00280100', 16) / 8)
    this.ahead = slicesThatFit(number(d, '00280010', 512), number(d, '00280011', 512), bytes, aheadBytes)
    try {
      await this.port.setStack(ids, at)
      if (turn !== this.turn) return
      this.port.render()
      this.read()
    } catch (fault) {
      if (turn === this.turn) this.set({ fault: reason(fault) })
    }
    if (turn === this.turn) this.prefetch.start(this.order(at))
  }

  private order(at: number): string[] {
    return outward(at, this.ids.length, this.ahead).map((i) => this.ids[i]!)
  }

  /** Goes to a picture of the stack. */
  go(index: number): void {
    const to = Math.min(this.ids.length - 1, Math.max(0, index))
    if (this.ids.length === 0 || to === this.view.peek().index) return
    this.port.setImageIdIndex(to).catch((fault: unknown) => this.set({ index: to, fault: reason(fault) }))
  }

  step(by: number): void {
    this.go(this.view.peek().index + by)
  }

  /** Applies the window of a key, 1 … 9; false when the modality has none there. */
  preset(key: number): boolean {
    const p = presets(this.view.peek().series?.modality ?? '')[key - 1]
    const own = this.fileWindow()
    if (!p || !own) return false
    this.port.setProperties({ voiRange: range(apply(p, own)) })
    this.port.render()
    return true
  }

  private fileWindow(): Window | null {
    const image = this.port.getCornerstoneImage()
    if (!image) return null
    const first = (v: number | number[] | undefined) => (Array.isArray(v) ? v[0] : v)
    const width = first(image.windowWidth)
    const centre = first(image.windowCenter)
    if (width !== undefined && centre !== undefined && width > 0) return { width, centre }
    const low = image.minPixelValue * (image.slope ?? 1) + (image.intercept ?? 0)
    const high = image.maxPixelValue * (image.slope ?? 1) + (image.intercept ?? 0)
    return { width: Math.max(1, high - low), centre: (high + low) / 2 }
  }

  invert(): void {
    this.port.setProperties({ invert: !this.port.getProperties().invert })
    this.port.render()
    this.read()
  }

  rotate(): void {
    const turned = (this.port.getViewPresentation().rotation ?? 0) + 90
    this.port.setViewPresentation({ rotation: turned % 360 })
    this.port.render()
  }

  flip(): void {
    const { flipHorizontal } = this.port.getCamera()
    this.port.setCamera({ flipHorizontal: !flipHorizontal })
    this.port.render()
  }

  /** Back to the file's window, fitted, upright. */
  reset(): void {
    this.port.resetCamera()
    this.port.resetProperties()
    this.port.render()
    this.read()
  }

  /** Runs the stack as a film; a picture that has not come is waited for. */
  play(on: boolean, fps = this.view.peek().fps): void {
    clearInterval(this.film)
    this.film = undefined
    const running = on && this.ids.length > 1
    this.set({ playing: running, fps })
    if (!running) return
    let busy = false
    this.film = setInterval(() => {
      if (busy) return
      busy = true
      const next = (this.port.getCurrentImageIdIndex() + 1) % this.ids.length
      this.port.setImageIdIndex(next).catch(() => this.play(false)).finally(() => (busy = false))
    }, 1000 / fps)
  }

  stop(): void {
    this.turn++
    this.play(false)
    this.prefetch.stop()
    remember(this.ids, [], [])
    const { IMAGE_RENDERED, STACK_NEW_IMAGE, VOI_MODIFIED, CAMERA_MODIFIED } = Enums.Events
    this.el.removeEventListener(IMAGE_RENDERED, this.onRendered)
    this.el.removeEventListener(STACK_NEW_IMAGE, this.onNewImage)
    this.el.removeEventListener(VOI_MODIFIED, this.read)
    this.el.removeEventListener(CAMERA_MODIFIED, this.read)
  }

  private readonly onRendered = () => {
    if (!this.view.peek().drawn && this.ids.length > 0) this.set({ drawn: true })
  }

  private readonly onNewImage = () => {
    const index = this.port.getCurrentImageIdIndex()
    this.set({ index, fault: '' })
    this.prefetch.reorder(this.order(index))
  }

  private readonly read = () => {
    const { voiRange, invert } = this.port.getProperties()
    this.set({ window: voiRange ? windowOf(voiRange) : null, inverted: invert ?? false, zoom: this.port.getZoom() })
  }

  /** The picture in view with its attributes. */
  picture(): Picture | undefined {
    return this.pictures[this.view.peek().index]
  }

  /** Patient directions at the edges of the picture as it is turned now. */
  directions(): Edges | null {
    const picture = this.picture()
    if (!picture) return null
    const { rotation } = this.port.getViewPresentation()
    return turned(edges(picture.metadata), rotation ?? 0, this.port.getCamera().flipHorizontal ?? false)
  }
}

function reason(fault: unknown): string {
  if (fault instanceof Error) return fault.message
  const inner = (fault as { error?: { message?: string } } | null)?.error?.message
  return inner ?? 'unknown'
}
