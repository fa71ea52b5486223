export { guideSolus as default } from '../machines/guide_solus.ts'
