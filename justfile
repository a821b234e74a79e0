# Every recipe is also an npm script: `npm run NAME`.

# Arguments reach the command as they are, spaces among them.
set positional-arguments

# List the recipes
default:
    @just --list

# The whole gateway here, without Docker
dev *args:
    npm run dev -- "$@"

# Start the generated gateway of this folder
up *args:
    npm run --silent up -- "$@"

# Stop it
down *args:
    npm run --silent down -- "$@"

# Build its images anew and replace what changed
rebuild *args:
    npm run --silent rebuild -- "$@"

# Its logs: just logs -f auth
logs *args:
    npm run --silent logs -- "$@"

# Its health, as a client sees it
check-health *args:
    npm run --silent check-health -- "$@"

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
    npm test -- "$@"

# The end-to-end tests: real clients against a real gateway
e2e *args:
    npm run e2e -- "$@"

# Faults of the running stack under load: restarts, kill -9, a full disk
e2e-faults:
    npm run e2e:faults

# Many more malformed requests than the tests send
fuzz:
    npm run fuzz

# Ten minutes of mixed sessions: nobody gets another's answer, and nothing is left over
soak:
    npm run soak

# The benchmarks, as ratios of one run
bench *args:
    npm run bench -- "$@"

# Write the configuration reference into README.md
docs:
    npm run docs

# Everything that continuous integration runs
ci:
    npm run ci
