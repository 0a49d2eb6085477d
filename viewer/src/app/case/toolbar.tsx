import { presets } from '../../image/presets'
import type { Pane } from '../../tools/pane'
import type { ToolName } from '../../tools/stage'
import { t } from '../../text/case'
import { Icon, type IconName } from '../parts/icon'

/** The tools of the left button with their keys. */
export const tools: readonly { name: ToolName; key: string; icon: IconName }[] = [
  { name: 'window', key: 'w', icon: 'contrast' },
  { name: 'scroll', key: 's', icon: 'stack' },
  { name: 'pan', key: 'm', icon: 'hand' },
  { name: 'zoom', key: 'z', icon: 'zoom' },
  { name: 'length', key: 'l', icon: 'ruler' },
  { name: 'angle', key: 'k', icon: 'angle' },
  { name: 'probe', key: 'j', icon: 'probe' },
]

export interface ImageToolsProps {
  tool: ToolName
  onTool(t: ToolName): void
  pane: Pane | null
  modality: string
  two: boolean
  onTwo(): void
  cpu: boolean
}

/** The row of tools above the pictures; every one has a key. */
export function ImageTools(props: ImageToolsProps) {
  const { pane } = props
  const view = pane?.view.value
  return (
    <div class="tools" role="toolbar">
      {tools.map((x) => (
        <button key={x.name} class="btn plain small" aria-pressed={props.tool === x.name} title={`${t(`tool_${x.name}`)} (${x.key.toUpperCase()})`}
          aria-label={t(`tool_${x.name}`)} onClick={() => props.onTool(x.name)} data-testid={`tool-${x.name}`}>
          <Icon name={x.icon} />
        </button>
      ))}
      <span class="sep" />
      <select class="input" aria-label={t('preset')} disabled={!pane} value="" data-testid="preset"
        onChange={(e) => { pane?.preset(Number(e.currentTarget.value)); e.currentTarget.value = ''; e.currentTarget.blur() }}>
        <option value="" disabled hidden>{t('preset')}</option>
        {presets(props.modality).map((p, i) => <option key={p.name} value={String(i + 1)}>{i + 1} {t(`preset_${p.name}`)}</option>)}
      </select>
      <Tool icon="invert" says={t('invert')} on="I" pressed={view?.inverted ?? false} onClick={() => pane?.invert()} testid="invert" />
      <Tool icon="turn" says={t('rotate')} on="O" onClick={() => pane?.rotate()} testid="rotate" />
      <Tool icon="flip" says={t('flip')} on="F" onClick={() => pane?.flip()} testid="flip" />
      <Tool icon="reset" says={t('reset')} on="0" onClick={() => pane?.reset()} testid="reset" />
      <span class="sep" />
      <Tool icon={view?.playing ? 'pause' : 'play'} says={view?.playing ? t('cineStop') : t('cine')} on="Space" pressed={view?.playing ?? false}
        onClick={() => pane?.play(!view?.playing)} testid="cine" disabled={(view?.count ?? 0) < 2} />
      {(view?.count ?? 0) > 1 && (
        <select class="input" value={String(view?.fps ?? 12)} aria-label={t('fps', { n: view?.fps ?? 12 })} data-testid="fps"
          onChange={(e) => { pane?.play(view?.playing ?? false, Number(e.currentTarget.value)); e.currentTarget.blur() }}>
          {[...new Set([5, 10, 15, 25, 30, view?.fps ?? 12])].sort((a, b) => a - b).map((n) => <option key={n} value={String(n)}>{t('fps', { n })}</option>)}
        </select>
      )}
      <span class="sep" />
      <Tool icon="two" says={props.two ? t('onePane') : t('twoPanes')} on="D" pressed={props.two} onClick={props.onTwo} testid="two-panes" />
      {props.cpu && <span class="mark quiet end clip" title={t('cpuMode')} data-testid="cpu-mode"><Icon name="warn" size={12} />CPU</span>}
    </div>
  )
}

function Tool(props: { icon: IconName; says: string; on: string; pressed?: boolean; disabled?: boolean; onClick(): void; testid: string }) {
  return (
    <button class="btn plain small" title={`${props.says} (${props.on})`} aria-label={props.says} aria-pressed={props.pressed ?? false}
      disabled={props.disabled ?? false} onClick={props.onClick} data-testid={props.testid}>
      <Icon name={props.icon} />
    </button>
  )
}
