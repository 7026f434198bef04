// The paths of a wiki, as data. History needs `write`: earlier versions hold what somebody took out on purpose, and a reader of a
// published wiki is not meant to see that.

import type { TypeRoute } from '../../resource-type.ts'
import { RELATIVE_CORES } from './template.ts'

export const WIKI_ROUTES: readonly TypeRoute[] = [
  { method: 'GET', path: '/', permission: 'read', summary: 'The wiki as one HTML page' },
  { method: 'HEAD', path: '/', permission: 'read', summary: 'The ETag of the wiki' },
  { method: 'OPTIONS', path: '/', permission: 'read', summary: 'Tells TiddlyWiki that it may save here' },
  { method: 'PUT', path: '/', permission: 'write', summary: 'Saves the whole wiki' },
  { method: 'POST', path: '/', permission: 'write', summary: 'Saves the whole wiki, as UploadSaver does' },
  {
    method: 'POST',
    path: '/store.php',
    permission: 'write',
    summary: 'The same at the address that UploadSaver is used to',
  },
  { method: 'GET', path: '/export', permission: 'read', summary: 'The wiki as one file that needs no server' },
  { method: 'GET', path: '/tiddlers.json', permission: 'read', summary: 'All tiddlers as JSON' },
  { method: 'POST', path: '/import', permission: 'write', summary: 'Makes a single-file wiki the current one' },
  ...Array.from(RELATIVE_CORES.keys(), (path) => ({
    method: 'GET',
    path,
    permission: 'read' as const,
    summary: 'A core script, at the address that TiddlyWiki assumes',
  })),
  { method: 'GET', path: '/versions', permission: 'write', summary: 'Lists the saved versions, newest first' },
  { method: 'GET', path: '/versions/*', permission: 'write', summary: 'One saved version as HTML' },
  { method: 'HEAD', path: '/versions/*', permission: 'write', summary: 'The ETag of a saved version' },
  { method: 'GET', path: '/info', permission: 'read', summary: 'How it is stored, its size and its TiddlyWiki' },
  { method: 'POST', path: '/convert', permission: 'write', summary: 'From a file to tiddlers, or back' },
  { method: 'GET', path: '/status', permission: 'read', summary: 'TiddlyWeb: what this caller may do' },
  {
    method: 'GET',
    path: '/recipes/*',
    permission: 'read',
    summary: 'TiddlyWeb: the list of tiddlers, and each of them',
  },
  { method: 'PUT', path: '/recipes/*', permission: 'write', summary: 'TiddlyWeb: saves a tiddler' },
  { method: 'DELETE', path: '/recipes/*', permission: 'write', summary: 'TiddlyWeb: deletes a tiddler' },
  { method: 'DELETE', path: '/bags/*', permission: 'write', summary: 'TiddlyWeb: deletes a tiddler' },
  {
    method: 'GET',
    path: '/bags/*',
    permission: 'write',
    summary: 'TiddlyWeb: earlier revisions, and what was deleted',
  },
  { method: 'POST', path: '/versions/*', permission: 'write', summary: 'Makes a version the current one again' },
]
