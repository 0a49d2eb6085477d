import { signal } from '@preact/signals'

/** Numbers beside the words of the header; the pages keep them. */
export const todoCount = signal(0)
export const unreadCount = signal(0)
