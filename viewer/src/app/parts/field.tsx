import type { ComponentChildren } from 'preact'

/** A labelled field with its hint or its fault below. */
export function Field(props: { label: string; hint?: string; fault?: string; children: ComponentChildren; aside?: ComponentChildren }) {
  return (
    <label class="field">
      <span class="label">
        <span class="grow">{props.label}</span>
        {props.aside}
      </span>
      {props.children}
      {props.fault ? <span class="fault" role="alert">{props.fault}</span> : props.hint ? <span class="hint">{props.hint}</span> : null}
    </label>
  )
}

/** A choice out of few as buttons in a row: all choices are visible. */
export function Choice<V extends string>(props: {
  value: V | ''
  options: readonly (readonly [V, string])[]
  onChange(v: V): void
  testid: string
  label: string
  disabled?: boolean
}) {
  return (
    <div class="line wrap" role="group" aria-label={props.label} data-testid={props.testid}>
      {props.options.map(([v, word]) => (
        <button type="button" key={v} class="btn small" aria-pressed={props.value === v} disabled={props.disabled ?? false}
          onClick={() => props.onChange(v)} data-testid={`${props.testid}-${v}`}>
          {word}
        </button>
      ))}
    </div>
  )
}
