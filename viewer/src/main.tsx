import { render } from 'preact'
import { Root } from './app/root'
import { watchIdle } from './app/idle'
import { pressKey } from './app/keys'
import { followLinks } from './app/router'
import { language, speak } from './text/catalogue'
import './style/tokens.css'
import './style/base.css'
import './style/parts.css'
import './style/shell.css'

speak(language.peek())
document.addEventListener('click', followLinks)
document.addEventListener('keydown', pressKey)
watchIdle()
render(<Root />, document.getElementById('app')!)
