const software = /swiftshader|llvmpipe|softpipe|software|basic render|microsoft basic/i

/** Whether this browser draws WebGL on the processor, which is slower than the library's own CPU mode. */
export function isSoftwareRenderer(name: string): boolean {
  return name === '' || software.test(name)
}

/** The name of the renderer behind WebGL; '' without WebGL. */
export function rendererName(): string {
  const g = document.createElement('canvas').getContext('webgl')
  if (!g) return ''
  const info = g.getExtension('WEBGL_debug_renderer_info')
  const name: unknown = g.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : g.RENDERER)
  g.getExtension('WEBGL_lose_context')?.loseContext()
  return typeof name === 'string' ? name : ''
}
