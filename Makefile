# Makefile: every command of the kit. `make` alone lists them.
CXX ?= g++
export CXX
CXXFLAGS ?= -O0
WARN := -Wall -Wextra -Wpedantic -Wshadow

MAKEFLAGS += -r # no rule but those below
# 1 2 3 4, and the folder of each.
LESSON_FOLDERS := $(patsubst tests/lessons/%.cpp,lessons/%,$(sort $(wildcard tests/lessons/[0-9]*.cpp)))
LESSONS := $(patsubst 0%,%,$(foreach d,$(LESSON_FOLDERS),$(firstword $(subst -, ,$(notdir $(d))))))
folder = $(notdir $(wildcard $(1)/0$(2)-*))
upto = $(wordlist 1,$(1),$(LESSONS))

# What the commands are made of, and the checks of all lessons.
COMMANDS := $(patsubst %,tests/%.cpp,harness/runner harness/judge harness/steady kit/refuse)
HARNESS := build/harness.o
CHECKS := build/checks.o
OPTIONS = $(if $(STEP),--step "$$STEP") $(if $(TIMES),--times)
# Found out once, by the first that links.
STATIC = $(eval STATIC := $(shell CXX='$(CXX)' tests/kit/linkable.sh -static))$(STATIC)
# All processors, unless make was told how many jobs.
JOBS = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 2))

.PHONY: help check variants steady clean lesson solution diff FORCE
.SECONDARY:
# Lines that only an instructor has a use for.
UNLESS_HANDOUT := $(if $(wildcard solutions),@,@: )
help:
	@echo 'make lessonN     builds and checks your programs of lesson N (STEP=3: one step)'
	$(UNLESS_HANDOUT)echo 'make solutionN   the same checks on the solution'
	$(UNLESS_HANDOUT)echo 'make diffN       what the solution of lesson N changes against that of N-1'
	@echo 'make check       checks the kit itself, and all programs that came with it'
	$(UNLESS_HANDOUT)echo 'make steady      repeats the solutions'"'"' checks under load (REPEATS=100 LOOPS=2)'
	@echo 'make bench       measures the servers (LESSON=4: one; BENCH=lessons: yours)'
	@echo 'make bench-full  the same five times: minimum, median, maximum'
	$(UNLESS_HANDOUT)echo 'make grade       checks what students have handed in (SUBMISSIONS=DIR)'
	$(UNLESS_HANDOUT)echo 'make handout     writes the kit for students: build/sockets-lab.tar.gz'
	@echo 'make clean       back to a fresh clone; your sources stay'
	@echo 'lessons:         $(notdir $(LESSON_FOLDERS))'

known = $(if $(filter $(1),$(LESSONS)),,$(error there is no lesson '$(1)'; there are: $(LESSONS)))
plain = $(or $(patsubst 0%,%,$(1)),$(1))
# 2>: make before 4.3 gives only such a line to the shell, which alone knows `command`.
compiler = $(call usable,$(shell command -v $(firstword $(CXX)) 2>/dev/null))
usable = $(if $(1),,$(error there is no compiler '$(CXX)'. Install g++, or name one: make CXX=clang++))$(if $(filter-out $(VISIBLE),$(1) $(realpath $(1))),$(error programs are compiled in a box that shows $(VISIBLE:%/%=%), and the compiler is $(1). Name another: make CXX=/usr/bin/g++))
# What a box has of the file system, see tests/harness/box.cpp.
VISIBLE := /usr/% /bin/% /opt/% /nix/% /gnu/%
writable = $(if $(shell mkdir -p build 2>/dev/null && [ -w build ] && echo 1),,$(error build/ cannot be written to. Was it made with sudo? sudo rm -r build. Else copy the kit to a folder of yours))
unless_handout = $(if $(wildcard solutions),,$(error this is a handout: $(1)))

lesson%: FORCE
	$(call known,$(call plain,$*))
	$(call compiler)
	$(call writable)
	@$(MAKE) $(JOBS) --no-print-directory -s build/lesson$(call plain,$*)
	@build/lesson$(call plain,$*) lessons/$(call folder,lessons,$(call plain,$*)) $(OPTIONS)

solution%: FORCE
	$(call unless_handout,it has no solutions)
	$(call known,$(call plain,$*))
	$(call compiler)
	$(call writable)
	@$(MAKE) $(JOBS) --no-print-directory -s build/lesson$(call plain,$*)
	@build/lesson$(call plain,$*) solutions/$(call folder,solutions,$(call plain,$*)) $(OPTIONS)

# Without a number.
lesson solution diff:
	$(error make $@ what? Say which: $(LESSONS:%=$@%))

before = $(call folder,solutions,$(lastword $(filter-out $(1),$(call upto,$(1)))))
diff%: FORCE
	$(call unless_handout,it has no solutions)
	$(call known,$(call plain,$*))
	$(if $(filter 1,$(call plain,$*)),$(error lesson 1 is the first: there is nothing before it))
	@for program in server client; do \
		diff -u solutions/$(call before,$(call plain,$*))/$$program.cpp solutions/$(call folder,solutions,$(call plain,$*))/$$program.cpp; \
	done; true

check: FORCE
	$(call compiler)
	$(call writable)
	@command -v flock >/dev/null || { echo 'make check needs flock. Install the package util-linux'; exit 3; }
	$(UNLESS_HANDOUT)command -v patch >/dev/null || command -v git >/dev/null || { echo 'make check needs patch, or git. Install one of them'; exit 3; }
	@mkdir -p build && : >>build/check.lock
	@flock -n build/check.lock true || echo 'another make check is at work here: this one waits for it'
	@flock build/check.lock sh -c '$(MAKE) $(JOBS) --no-print-directory -s $(CHECK_NEEDS) && \
		tests/check.sh $(notdir $(LESSON_FOLDERS))'
CHECK_NEEDS = variants build/kit-tests build/judge build/runner build/refuse $(GRADER)

# The programs that check asks: solutions, starters, known mistakes.
variants: FORCE
	@tests/kit/variants.sh $(notdir $(LESSON_FOLDERS))

# Not a part of check: it takes its time.
REPEATS ?= 100
LOOPS ?= 2
export REPEATS LOOPS
steady: FORCE
	$(call unless_handout,it has no solutions)
	$(call compiler)
	$(call writable)
	@$(MAKE) $(JOBS) --no-print-directory -s build/steady
	@build/steady "$$REPEATS" "$$LOOPS"

clean:
	rm -rf build lessons/*/server lessons/*/client solutions/*/server solutions/*/client

FORCE:

# The files of these folders are compiled together: alone, each would take longest for the headers
# that they have in common.
build/harness.cpp build/grade.cpp build/kit.cpp: build/%.cpp: tests/%
build/checks.cpp: tests/lessons
tests/lessons: ; # not to be made by lesson%
build/harness.cpp build/grade.cpp build/kit.cpp build/checks.cpp:
	@mkdir -p build
	printf '#include "../%s"\n' $(filter-out $(COMMANDS),$(wildcard $</*.cpp)) >$@.$$$$ && \
		if cmp -s $@.$$$$ $@; then rm $@.$$$$; else mv $@.$$$$ $@; fi

# The runner of lesson N knows the checks of lessons 1 to N, and no more.
define runner
build/lesson$(1): build/harness/runner.o $$(HARNESS) $(foreach n,$(call upto,$(1)),build/lessons/$(call folder,lessons,$(n)).o)
	$$(CXX) $$(STATIC) -o $$@.$$$$$$$$ $$^ -pthread && mv $$@.$$$$$$$$ $$@
endef
$(foreach n,$(LESSONS),$(eval $(call runner,$(n))))

build/judge build/steady build/runner: build/%: build/harness/%.o $(HARNESS) $(CHECKS)
	$(CXX) $(STATIC) -o $@.$$$$ $^ -pthread && mv $@.$$$$ $@

# Written beside and renamed, so that two runs at once do not meet a half-written file.
COMPILE = $(CXX) -std=c++17 $(CXXFLAGS) $(WARN) -MMD -MP -MF build/$*.d -MT $@ -c -o $@.$$$$ $< && mv $@.$$$$ $@
build/%.o: tests/%.cpp
	@mkdir -p $(@D)
	$(COMPILE)
build/%.o: build/%.cpp
	$(COMPILE)

build/refuse: tests/kit/refuse.cpp
	@mkdir -p build
	$(CXX) -std=c++17 $(WARN) -o $@.$$$$ $< && mv $@.$$$$ $@

# The last two: compiled in less time.
DOCTEST := IMPLEMENT_WITH_MAIN NO_POSIX_SIGNALS NO_MULTITHREADING SUPER_FAST_ASSERTS
build/kit.o: private CXXFLAGS += -isystem build/doctest/usr/include $(DOCTEST:%=-DDOCTEST_CONFIG_%)
build/kit.o: | build/doctest.found
build/doctest.found:
	@mkdir -p build
	@tests/kit/get-doctest.sh && touch $@
build/kit-tests: build/kit.o $(HARNESS)
	$(CXX) -o $@.$$$$ $^ -pthread && mv $@.$$$$ $@

# --- Grading, and the archive for students, which has nothing of it ---
GRADER := $(if $(wildcard tests/grade),build/grader)

grade: FORCE
	$(call unless_handout,it has no grading)
	$(call compiler)
	$(call writable)
	@$(MAKE) $(JOBS) --no-print-directory -s build/grader
	@STATIC='$(STATIC)' build/grader "$$SUBMISSIONS" "$$GRADES" "$$LESSON"

handout: FORCE
	$(call unless_handout,it has all that a handout has)
	$(call writable)
	@tests/grade/handout.sh

build/grader: build/grade.o $(HARNESS) $(CHECKS)
	$(CXX) $(STATIC) -o $@.$$$$ $^ -pthread && mv $@.$$$$ $@
# --- End of grading ---

-include $(wildcard build/*.d build/*/*.d)

# ---- bench: measures the servers, and draws why each design gave way ----
BENCH ?= $(if $(wildcard solutions),solutions,lessons)
RUNS ?= 1
BENCH_FOLDERS = $(if $(LESSON),$(BENCH)/$(call folder,$(BENCH),$(call plain,$(LESSON))),$(sort $(wildcard $(BENCH)/0*-*)))
BENCH_PARTS := network proc box
BENCH_OBJECTS := $(patsubst tests/%.cpp,build/%.o,$(wildcard tests/bench/*.cpp)) $(BENCH_PARTS:%=build/harness/%.o)
# Peers whose headers are here.
has = $(if $(shell $(CXX) -E -include $(1) -xc++ /dev/null >/dev/null 2>&1 && echo 1),$(2))
BENCH_PEERS = $(call has,uv.h,libuv) $(call has,event2/bufferevent.h,libevent) $(call has,boost/asio.hpp,asio)

.PHONY: bench bench-full
bench: FORCE
	$(if $(filter lessons solutions,$(BENCH)),,$(error BENCH is '$(BENCH)'; it can be lessons or solutions))
	$(if $(filter solutions,$(BENCH)),$(call unless_handout,it has no solutions))
	$(if $(LESSON),$(call known,$(call plain,$(LESSON))))
	$(call compiler)
	$(call writable)
	@$(MAKE) $(JOBS) --no-print-directory -s build/bench/bench build/bench/peers/floor
	@$(MAKE) $(JOBS) --no-print-directory -s -k $(BENCH_PEERS:%=build/bench/peers/%) $(BENCH_FOLDERS:%=build/bench/%/server) || true
	@rm -f build/bench/*.svg build/bench/bench.csv
	@build/bench/bench --runs $(RUNS) $(BENCH_FOLDERS)

bench-full: FORCE
	@$(MAKE) --no-print-directory -s bench RUNS=5

build/bench/bench: $(BENCH_OBJECTS)
	$(CXX) -o $@.$$$$ $^ -pthread && mv $@.$$$$ $@

build/bench/peers/libuv: LIBRARIES = -luv
build/bench/peers/libevent: LIBRARIES = -levent
build/bench/peers/%: tests/bench/peers/%.cpp
	@mkdir -p $(@D)
	$(CXX) -std=c++17 -O2 $(WARN) -o $@.$$$$ $< $(LIBRARIES) -pthread && mv $@.$$$$ $@

# One that does not build is missing, and bench says so.
build/bench/%/server: %/server.cpp common/error.hpp
	@mkdir -p $(@D) && rm -f $@
	@$(CXX) -O2 -o $@.$$$$ $< 2>$@.log && mv $@.$$$$ $@ || true

build/bench/%.o: private CXXFLAGS = -O2
# ---- end of bench ----
