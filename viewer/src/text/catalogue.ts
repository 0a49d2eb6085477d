import { computed, signal } from '@preact/signals'

/** The languages the pages speak. Chinese first; English is equally complete. */
export type Language = 'zh-CN' | 'en'

const kept = 'yz.language'

function first(): Language {
  try {
    const own = localStorage.getItem(kept)
    if (own === 'zh-CN' || own === 'en') return own
  } catch {
    // Storage may be switched off by policy; the page works without it.
  }
  return 'zh-CN'
}

/** The language in use. Texts read it, so a page follows a change at once. */
export const language = signal<Language>(first())

/** Separator between the parts of a line, as the language writes it. */
export const comma = computed(() => (language.value === 'en' ? ', ' : '，'))

/** Switches the language and keeps the choice on this computer. */
export function speak(to: Language): void {
  language.value = to
  document.documentElement.lang = to
  try {
    localStorage.setItem(kept, to)
  } catch {
    // As above.
  }
}

type Sentences = Readonly<Record<string, string>>
type Values = Readonly<Record<string, string | number>>

/**
 * Makes the text function of one area of the program. Both languages have the
 * same keys (the compiler checks), so an area cannot be half translated.
 * {name} in a sentence is replaced by the value of that name.
 */
export function catalogue<Z extends Sentences>(zh: Z, en: { readonly [K in keyof Z]: string }) {
  return (key: keyof Z & string, values?: Values): string => fill((language.value === 'en' ? en : zh)[key], values)
}

/** Replaces {name} by its value; an unknown name stays, so that it is seen. */
export function fill(sentence: string, values?: Values): string {
  if (!values) return sentence
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    return value === undefined ? whole : String(value)
  })
}
