import { cache, Enums, imageLoader, init as initCore, RenderingEngine } from '@cornerstonejs/core'
import { init as initLoader } from '@cornerstonejs/dicom-image-loader'
import { addTool, AngleTool, annotation, Enums as ToolEnums, init as initTools, LengthTool, PanTool, ProbeTool, StackScrollTool, ToolGroupManager, WindowLevelTool, ZoomTool } from '@cornerstonejs/tools'
import { isSoftwareRenderer, rendererName } from './gpu'
import { Pane } from './pane'
import { measureText, type MeasureWords } from './measure'

/** What the left mouse button does. */
export type ToolName = 'window' | 'pan' | 'zoom' | 'scroll' | 'length' | 'angle' | 'probe'

const toolNames: Record<ToolName, string> = {
  window: WindowLevelTool.toolName, pan: PanTool.toolName, zoom: ZoomTool.toolName, scroll: StackScrollTool.toolName,
  length: LengthTool.toolName, angle: AngleTool.toolName, probe: ProbeTool.toolName,
}
const measuring: readonly ToolName[] = ['length', 'angle', 'probe']

/** Decoded pictures kept in memory: enough for a CT, bearable on a 4 GB PC. */
const cacheBytes = 256 * 1024 * 1024
const decodeWorkers = 2

let cpu = false
let begun = false

/** Starts the imaging library; the second time nothing happens. */
function begin(): void {
  if (begun) return
  begun = true
  cpu = isSoftwareRenderer(rendererName())
  initCore({ rendering: { useCPURendering: cpu, webGlContextCount: 2 }, debug: {} })
  cache.setMaxCacheSize(cacheBytes)
  initTools()
  initLoader({ maxWebWorkers: decodeWorkers })
  for (const t of [WindowLevelTool, PanTool, ZoomTool, StackScrollTool, LengthTool, AngleTool, ProbeTool]) addTool(t)
}

let stages = 0

/** The imaging library behind one reading page: its panes and its tools. */
export class Stage {
  private readonly engine: RenderingEngine
  private readonly group
  private readonly panes = new Set<Pane>()
  private readonly name: string
  private count = 0
  /** Pictures are drawn without a graphics card. */
  readonly onCpu: boolean

  constructor(words: MeasureWords) {
    begin()
    this.onCpu = cpu
    this.name = `stage-${++stages}`
    this.engine = new RenderingEngine(this.name)
    const group = ToolGroupManager.createToolGroup(this.name)
    if (!group) throw new Error('the imaging library has no tool group')
    this.group = group
    for (const name of Object.values(toolNames)) group.addTool(name, measureText(name, words))
    this.use('window')
  }

  /** Puts a pane into an element. */
  pane(el: HTMLDivElement): Pane {
    const id = `${this.name}-${++this.count}`
    this.engine.enableElement({ viewportId: id, type: Enums.ViewportType.STACK, element: el })
    this.group.addViewport(id, this.name)
    el.addEventListener('contextmenu', noMenu)
    const pane = new Pane(this.engine, id, el, (image) => imageLoader.loadAndCacheImage(image, { requestType: Enums.RequestType.Prefetch, priority: 5 }))
    this.panes.add(pane)
    return pane
  }

  /** Takes a pane away again. */
  drop(pane: Pane): void {
    pane.stop()
    this.panes.delete(pane)
    this.group.removeViewports(this.name, pane.id)
    this.engine.disableElement(pane.id)
  }

  /** Chooses what the left button does; the others keep their meaning. */
  use(tool: ToolName): void {
    const { Primary, Secondary, Auxiliary, Wheel } = ToolEnums.MouseBindings
    for (const name of Object.keys(toolNames) as ToolName[]) {
      const own = [
        ...(name === tool ? [{ mouseButton: Primary }] : []),
        ...(name === 'pan' ? [{ mouseButton: Auxiliary }] : []),
        ...(name === 'zoom' ? [{ mouseButton: Secondary }] : []),
        ...(name === 'scroll' ? [{ mouseButton: Wheel }] : []),
      ]
      if (own.length > 0) this.group.setToolActive(toolNames[name], { bindings: own })
      else if (measuring.includes(name)) this.group.setToolPassive(toolNames[name])
      else this.group.setToolDisabled(toolNames[name])
    }
  }

  /** Takes away the chosen measurements, else the last one made. */
  erase(): void {
    const chosen = annotation.selection.getAnnotationsSelected()
    const last = annotation.state.getAllAnnotations().at(-1)?.annotationUID
    for (const uid of chosen.length > 0 ? chosen : last ? [last] : []) annotation.state.removeAnnotation(uid)
    this.engine.render()
  }

  /** Fits the pictures after the window has changed. */
  resize(): void {
    this.engine.resize(true, true)
  }

  close(): void {
    for (const p of [...this.panes]) this.drop(p)
    ToolGroupManager.destroyToolGroup(this.name)
    this.engine.destroy()
    annotation.state.removeAllAnnotations()
    cache.purgeCache()
  }
}

function noMenu(e: Event): void {
  e.preventDefault()
}
