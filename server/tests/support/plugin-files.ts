/** A plugin file of Python, as an object. @param melzi what stands under that key */
export const pythonFile = (id: string, source = 'print(6)', melzi: object = {}) => ({
  id,
  description_for_model: `About ${id}`,
  melzi,
  api: { type: 'python', python: { source } },
})
