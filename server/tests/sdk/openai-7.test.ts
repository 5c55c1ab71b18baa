import OpenAI from 'openai'
import { sdkFileSuite } from './file-suite.ts'
import { currentDialect, incompleteStreamTest, sdkSuite } from './suite.ts'

sdkSuite('7', OpenAI, currentDialect)
incompleteStreamTest('7', OpenAI)
sdkFileSuite('7', OpenAI)
