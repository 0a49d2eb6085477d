import { defineConfig } from '@playwright/test'
import stories from './playwright.config'

/** Benchmarks print what they measure. Frames are not held back to the screen's rate: the time is that of the work. */
export default defineConfig(stories, {
  testDir: 'bench',
  testMatch: '*.bench.ts',
  timeout: 300_000,
  use: {
    launchOptions: { ...stories.use?.launchOptions, args: [...(stories.use?.launchOptions?.args ?? []), '--disable-frame-rate-limit', '--disable-gpu-vsync'] },
  },
})
