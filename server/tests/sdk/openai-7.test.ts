import OpenAI from 'openai'
import { currentDialect, incompleteStreamTest, sdkSuite } from './suite.ts'

sdkSuite('7', OpenAI, currentDialect)
incompleteStreamTest('7', OpenAI)
