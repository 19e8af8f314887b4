// Lint rules: typescript-eslint's strictest type-aware set, plus the rules of this house (firmware/adr/0001-tools.md).
import tseslint from 'typescript-eslint';

const ambient = [
  { name: 'Date', message: 'time comes from a Clock (base/ports.ts)' },
  { name: 'setTimeout', message: 'time comes from a Clock' },
  { name: 'setInterval', message: 'time comes from a Clock' },
  { name: 'setImmediate', message: 'time comes from a Clock' },
  { name: 'performance', message: 'time comes from a Clock' },
];

const syntax = [
  { selector: 'ExportDefaultDeclaration', message: 'named exports only' },
  { selector: 'ExportAllDeclaration', message: 'no barrels' },
  { selector: 'TSAsExpression > TSAnyKeyword', message: 'no any' },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'randomness comes from Entropy' },
  { selector: "ClassDeclaration[superClass!=null]:not([superClass.name='Error']):not([superClass.name='EventEmitter'])", message: 'composition, not inheritance' },
];

export default tseslint.config(
  { ignores: ['build/**', 'node_modules/**', '**/*.cjs', '**/*.mjs'] },
  {
    files: ['firmware/**/*.ts', 'drivers/**/*.ts', 'test/**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { allowDefaultCaseForExhaustiveSwitch: true, considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false }],
      '@typescript-eslint/strict-boolean-expressions': ['error', { allowString: false, allowNumber: false, allowNullableObject: false }],
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: false }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true, allowNullish: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      'no-restricted-syntax': ['error', ...syntax],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'max-lines': ['error', { max: 400 }],
      complexity: ['error', 16],
      'max-params': ['error', 5],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  { files: ['firmware/**/*.ts', 'drivers/**/*.ts'], ignores: ['firmware/platform/**'], rules: { 'no-restricted-globals': ['error', ...ambient] } },
  // vitest reads the default export of its configuration
  { files: ['test/vitest.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      'no-restricted-globals': 'off',
      'no-console': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
