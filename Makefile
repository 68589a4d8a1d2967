.PHONY: help build run test check gate bench bench-peers golden

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

build: ## build bin/routeproof
	go build -o bin/routeproof ./cmd/routeproof

run: build ## the main job on the built-in set, into out/
	bin/routeproof run --out out

test: ## all tests
	go test -timeout 30m ./...

check: ## gofmt, vet, staticcheck, tests with the race detector and import floors
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "gofmt wants: $$unformatted"; exit 1; fi
	go vet ./...
	go tool staticcheck ./...
	go test -race -timeout 60m ./...

gate: run ## hold the classifiers of the built-in set against the committed baseline
	bin/routeproof check --baseline .ci/baseline.parquet --candidate out

bench: ## benchmarks
	go test -run '^$$' -bench . ./...

bench-peers: ## speed beside numpy, scikit-learn, pandas and DuckDB: docs/benchmarks/README.md
	python3 docs/benchmarks/peers.py

golden: ## rewrite the golden files from what the program does now
	go test ./cmd/routeproof ./internal/svgplot ./reports -run Golden -update
