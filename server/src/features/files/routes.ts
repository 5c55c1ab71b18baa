import type { DeletedFile } from '@melzi/contract/deleted.ts'
import { CreateFileFields, FileListQuery } from '@melzi/contract/file.ts'
import type { FastifyInstance } from 'fastify'
import { attachment } from '../../http/content-disposition.ts'
import { readForm, takeForms } from '../../http/form.ts'
import { listReply } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { parseFields, parseQuery } from '../../http/validate.ts'
import { presentFile, type FileService } from './service.ts'

interface Params {
  file_id: string
}

export const fileRoutes = (app: FastifyInstance, files: FileService): void => {
  void app.register(async (scope) => {
    takeForms(scope)

    scope.post('/files', async (request) => {
      await using form = await readForm(request, {
        file: 'file',
        maxBytes: files.maxBytes,
        take: (content) => files.receive(request.principal, content),
      })
      const fields = { ...parseFields(CreateFileFields, form.fields), filename: form.filename }
      return presentFile(await files.create(request.principal, fields, form.content))
    })
  })

  app.get('/files', readsQuery, async (request) => {
    const query = parseQuery(FileListQuery, request.query)
    const page = await files.list(request.principal, query)
    return listReply(page.items.map(presentFile), page)
  })

  app.get<{ Params: Params }>('/files/:file_id', async (request) =>
    presentFile(await files.get(request.principal, request.params.file_id)),
  )

  // The framework's own HEAD would open the content and read none of it.
  const noHead = { exposeHeadRoute: false }
  app.get<{ Params: Params }>('/files/:file_id/content', noHead, async (request, reply) => {
    const { file, content } = await files.download(request.principal, request.params.file_id)
    return reply
      .type('application/octet-stream')
      .header('content-length', file.bytes)
      .header('content-disposition', attachment(file.filename))
      .header('x-content-type-options', 'nosniff')
      .send(content)
  })

  app.delete<{ Params: Params }>('/files/:file_id', async (request): Promise<DeletedFile> => {
    const { file_id: id } = request.params
    await files.delete(request.principal, id)
    return { id, object: 'file', deleted: true }
  })
}
