// Which models an upstream serves, from the patterns of its configuration.
export { modelMatcher } from '#config'
