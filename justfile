# Every recipe is also an npm script: `npm run NAME`.

# List the recipes
default:
    @just --list

# The whole gateway here, without Docker
dev *args:
    npm run dev -- {{args}}

# Compile to dist/
build:
    npm run build

# Format the sources
fmt:
    npm run fmt

# Lint, with the import directions between the layers
lint:
    npm run lint

# Check the types
typecheck:
    npm run typecheck

# The tests
test *args:
    npm test -- {{args}}

# The end-to-end tests: real clients against a real gateway
e2e *args:
    npm run e2e -- {{args}}

# The benchmarks, as ratios of one run
bench *args:
    npm run bench -- {{args}}

# Write the configuration reference into README.md
docs:
    npm run docs

# Everything that continuous integration runs
ci:
    npm run ci
