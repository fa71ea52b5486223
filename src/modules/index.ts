import type { Module } from './define.ts'

/** Every state module by its YAML key. */
export const modules: ReadonlyMap<string, Module> = new Map()
