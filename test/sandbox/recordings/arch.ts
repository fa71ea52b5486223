export { archDesktop as default } from '../machines/cezanne.ts'
