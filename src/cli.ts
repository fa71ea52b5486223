#!/usr/bin/env node
console.log('vfio-run', process.version)
