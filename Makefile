# headcount
#
#   make                 build/bin/headcount-collector, headcount-aggregator, headcount
#   make run             everything started, addresses printed (PORT=8080)
#   make demo            the same with visitors of a shop that does not exist
#   make test            every test there is, by deploy/test
#   make unit tapes corpora e2e     parts of it; SAN=1: under ASan and UBSan
#   make unit-NAME e2e-NAME         one file of tests/unit/ or tests/e2e/
#   make fuzz-NAME SECS=60          fuzz one parser; NAME is a file of tests/fuzz/
#   make sim SEEDS=2000 SEED=1      whole clusters in virtual time, one for each seed
#   make sim-breaks                 the same with one safeguard after the other taken out
#   make chaos MINUTES=10           the real programs, killed and cut off from each other
#   make forget                     programs that send once and forget, to compare: build/forget
#   make flood MINUTES=10           strangers and a million of everything, beside an honest site
#   make dashboard-long MINUTES=10  the page through a demo, and an hour of events in virtual time
#   make bench           what it costs, beside its peers: a table, see tests/bench/README.md
#   make bench-ROW       one of tests/bench/rows/: bench-pixel, bench-fold ...
#   make bench-instructions         counted by callgrind, beside the figures checked in;
#                        WRITE=1 checks these in
#   make lint layers     what cppcheck, clang-tidy and shellcheck say; who includes whom
#   make analyze         what gcc -fanalyzer says, path by path: minutes
#   make hardened        whether the programs are position-independent, fortified and so on
#   make torture         each call for memory and descriptors fails once; torture-some: a few
#   make tsan            the collector with several workers under ThreadSanitizer
#   make coverage        lines that unit tests, tapes, corpora and simulation run through
#   make fmt fmt-check   format the code (clang-format 14), or say what it would change
#   make tracker         collector/web/hc.js from hc.src.js, with terser
#   make map             collector/web/world.json, from Natural Earth's data
#   make man             build/man/*
#   make pictures MINUTES=31        deploy/pictures/*, of a demo that is played for so long
#   make install         PREFIX=/usr/local SYSCONFDIR=/etc DESTDIR=
#   make deb test-deb    Debian packages in build/deb; installed in a fresh Debian (root)
#   make deps            install missing packages (apt), as run and test do by themselves
#   make clean
#
# CC, CFLAGS and LDFLAGS may be given; V=1 shows the commands. Jobs run in parallel unless
# -j says otherwise.

VERSION := 0.1.0
PREFIX  ?= /usr/local
SYSCONFDIR ?= /etc
SECS    ?= 60
SEEDS   ?= 2000
MINUTES ?= 10

MAKEFLAGS += -j$(shell nproc)
COMMA := ,
ifndef V
say = @printf '  %-5s %s\n' $1 $@;
endif

# A flag, if this compiler has it.
try = $(if $(shell $(CC) -Werror -O2 $1 -include features.h -xc -S -o /dev/null /dev/null 2>&1),,$1)

CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wpointer-arith -Wwrite-strings -Wformat=2 -Werror
# Not -ftrivial-auto-var-init=zero: a beacon then costs a fifth more (parse_bench).
HARDEN  := -fPIE -fstack-protector-strong -fstack-clash-protection -fno-strict-overflow $(call try,-fcf-protection)
HARDEN  += -U_FORTIFY_SOURCE $(or $(call try,-D_FORTIFY_SOURCE=3),-D_FORTIFY_SOURCE=2)
HARD_LD := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code
# What is set to zero or copied in one go is mostly some hundred bytes large: for those gcc
# takes `rep stos` and `rep movs`, which take as long to begin as a request to be parsed.
TUNE    := $(call try,-mmemset-strategy=vector_loop:1024:noalign$(COMMA)libcall:-1:noalign)
BASE    := -std=c11 -D_GNU_SOURCE -DHC_VERSION='"$(VERSION)"' -pthread $(WARN) -I.
LDFLAGS ?= -Wl,--as-needed
# Programs are optimised as a whole: a hit then costs the aggregator a tenth less. Objects
# hold both forms, for tests are linked as ever.
LTO     ?= $(call try,-flto=auto -ffat-lto-objects)

OUT := build
ifdef FORGET
OUT  := build/forget
BASE += -DFIRE_AND_FORGET
endif
ifdef SAN
OUT     := build/san
CFLAGS  := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LTO     :=
CFLAGS  += -Wno-format-truncation # gcc sees fewer bounds of values behind its own checks
HARDEN  := -fPIE
endif

ifdef TSAN
OUT    := build/tsan
CFLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
LTO    :=
HARDEN := -fPIE
endif
ifdef COVERAGE
OUT    := build/coverage
CFLAGS := -O0 -g --coverage
LTO    :=
HARDEN := -fPIE
endif

# libmsgpack's pkg-config name differs between Debian 12 and 13
MSGPACK := $(shell pkg-config --exists msgpack-c 2>/dev/null && echo -lmsgpack-c || echo -lmsgpackc)

# Countries by a database (--geoip) are optional.
MAXMIND := $(shell pkg-config --exists libmaxminddb 2>/dev/null && echo -lmaxminddb)
BASE += $(if $(MAXMIND),-DHAVE_MAXMINDDB)

PROGRAMS := $(addprefix $(OUT)/bin/,headcount-collector headcount-aggregator headcount)
all: $(PROGRAMS)

# ---- folders become archives; the link lines are the architecture ----------
c_of   = $(filter-out %/main.c,$(wildcard $1/*.c))
data_of = $(wildcard $1/*.lua) $(wildcard $1/web/*) $(if $(filter collector,$1),$(wildcard deploy/data/*.txt))
objs   = $(patsubst %,$(OUT)/%.o,$(basename $(call c_of,$1)) $(call data_of,$1))

$(OUT)/libproto.a:      $(call objs,proto)
$(OUT)/libloop.a:       $(call objs,proto/loop)
$(OUT)/libcollector.a:  $(call objs,collector) $(call objs,collector/admission) $(call objs,collector/dialects)
$(OUT)/libaggregator.a: $(call objs,aggregator)
$(OUT)/libcli.a:        $(call objs,cli)

$(OUT)/bin/headcount-collector: $(addprefix $(OUT)/,collector/main.o libcollector.a libloop.a libproto.a)
$(OUT)/bin/headcount-collector: LIBS = -luv -lhiredis -ljansson -lmd $(MAXMIND)
$(OUT)/bin/headcount-aggregator: $(addprefix $(OUT)/,aggregator/main.o libaggregator.a libloop.a libproto.a)
$(OUT)/bin/headcount-aggregator: LIBS = -luv -lhiredis
$(OUT)/bin/headcount: $(addprefix $(OUT)/,cli/main.o libcli.a libproto.a)
$(OUT)/bin/headcount: LIBS = -lhiredis -ljansson

$(OUT)/bin/%:
	@mkdir -p $(@D)
	$(call say,link)$(CC) $(CFLAGS) $(TUNE) $(LTO) $(HARD_LD) $(LDFLAGS) -pthread -o $@ $^ $(LIBS) $(MSGPACK) -lsodium

$(OUT)/%.a:
	@rm -f $@
	$(call say,ar)ar rcs $@ $^

$(OUT)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(BASE) $(CFLAGS) $(TUNE) $(LTO) $(HARDEN) -MMD -MP -c -o $@ $<

$(OUT)/tests/%.o: private LTO :=
# Unit tests are run about as often as they are compiled. Some count everything anew.
$(OUT)/tests/unit/%.o: CFLAGS += -g1 -O0
$(OUT)/tests/unit/%.o: HARDEN := -fPIE
ifndef SAN
$(patsubst %,$(OUT)/tests/unit/test_%.o,fold load presence round): CFLAGS += -O1
endif

# Scripts and pages are compiled in: file.ext becomes `const char file_ext[]`, with a NUL
# after it, and file_ext_end; what browsers get has a twin, file_ext_gz, made by gzip. The
# assembler stands in C, so that the compiler marks these objects as it does all others.
define EMBED
@{ echo '__asm__(".section .rodata;"'; for f in $(filter-out Makefile,$^); do s=$$(basename $$f | tr '.-' '__'); \
	printf '".global %s, %s_end; %s: .incbin \\"%s\\"; %s_end: .byte 0;"\n' $$s $$s $$s $$f $$s; done; \
	echo '".text");'; } | $(CC) $(CFLAGS) $(HARDEN) -c -x c -o $@ -
endef
$(OUT)/%.gz: % Makefile
	@mkdir -p $(@D)
	@gzip -9nc $< >$@
$(OUT)/%.lua.o: %.lua Makefile
	@mkdir -p $(@D)
	$(EMBED)
$(OUT)/deploy/data/%.txt.o: deploy/data/%.txt Makefile
	@mkdir -p $(@D)
	$(EMBED)
$(OUT)/collector/web/%.o: collector/web/% $(OUT)/collector/web/%.gz Makefile
	$(EMBED)

# The dashboard and its elements are sent without comments where esbuild is installed, and
# else as they are.
ESBUILD := $(shell command -v esbuild)
SMALL   := $(notdir $(wildcard collector/web/dashboard*.js collector/web/headcount-*.js collector/web/*.css))
$(SMALL:%=$(OUT)/collector/web/%): $(OUT)/collector/web/%: collector/web/% Makefile
	@mkdir -p $(@D)
	@$(if $(ESBUILD),$(ESBUILD) --minify --charset=utf8 --log-level=error $< >$@,cp $< $@)
# Its style stands in the page itself, so that the first number waits for no second request.
$(OUT)/collector/web/dashboard.html: %/dashboard.html: collector/web/dashboard.html %/dashboard.css Makefile
	@sed -e '/rel="stylesheet"/{i <style>' -e 'r $(@D)/dashboard.css' -e 'a </style>' -e 'd}' $< >$@
MADE := $(SMALL) dashboard.html
$(MADE:%=$(OUT)/collector/web/%.gz): %.gz: %
	@gzip -9nc $< >$@
$(MADE:%=$(OUT)/collector/web/%.o): %.o: % %.gz Makefile
	$(EMBED)

# The script as it is sent, from the one that is read; a test compares them.
tracker: tests/node_modules/.package-lock.json
	cd tests && npm run --silent tracker

# The map of the world, from its data package; a test compares them.
map: tests/node_modules/.package-lock.json
	@mkdir -p $(OUT)
	node tests/map/world.mjs >$(OUT)/world.json
	mv $(OUT)/world.json collector/web/world.json

# ---- tests ------------------------------------------------------------------
ARCHIVES := $(addprefix $(OUT)/,libcollector.a libaggregator.a libcli.a libloop.a libproto.a libfake.a)
$(OUT)/libfake.a: $(call objs,tests/fake)
ALL_LIBS := -luv -lhiredis -ljansson $(MSGPACK) -lsodium -lmd $(MAXMIND) -lcmocka -lm
UNITS    := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
FUZZ     := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
BENCHES  := $(patsubst %.c,$(OUT)/%,$(wildcard tests/bench/*.c))
ROWS     := $(patsubst tests/bench/rows/%.mjs,bench-%,$(wildcard tests/bench/rows/*.mjs))
SLOWEST  := $(patsubst %,tests/e2e/%.test.mjs,expiry liveuser liveuser_silence alerts_silence livestats dashboard_look elements busiest) # they take longest, so they begin
E2E      := $(SLOWEST) $(filter-out $(SLOWEST),$(sort $(wildcard tests/e2e/*.test.mjs)))
NOT_SAN  := alerts_silence expiry livestats liveuser_silence audience_meter_slow chromium dashboard dashboard_alerts dashboard_look dashboard_parts dashboard_proxies elements elements_parts map package run sandbox scaling_law tracker types widget visibility_page
LOUD     := tests/e2e/hostile_http_floods.test.mjs # nobody else's claims of time hold beside it
ifdef SAN # not what is slow for other reasons: real minutes, a real browser
E2E      := $(filter-out $(NOT_SAN:%=tests/e2e/%.test.mjs),$(E2E))
endif
NODE_TEST = HEADCOUNT_BIN=$(OUT)/bin node --test --test-concurrency=6 --test-reporter=spec

$(OUT)/tests/%: $(OUT)/tests/%.o $(ARCHIVES)
	$(call say,link)$(CC) $(CFLAGS) $(TUNE) $(if $(filter %/bench/$(@F),$@),$(LTO),-fno-lto) -pie -pthread -o $@ $(filter %.o %/libbench.a,$^) -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(ALL_LIBS)

$(addprefix $(OUT)/tests/fuzz/fuzz_,$(FUZZ)): $(OUT)/tests/fuzz/replay.o

# fuzz_http compares with llhttp, the parser of Node.js, where Debian's node-llhttp is.
LLHTTP      := $(wildcard /usr/share/llhttp/*.c)
WITH_LLHTTP := -DWITH_LLHTTP -DLLHTTP_STRICT_MODE=1 -I/usr/share/include/llhttp
ifneq ($(LLHTTP),)
$(OUT)/tests/fuzz/fuzz_http.o: BASE += $(WITH_LLHTTP)
$(OUT)/tests/fuzz/fuzz_http: $(LLHTTP:/usr/share/%.c=$(OUT)/%.o)
$(OUT)/llhttp/%.o: /usr/share/llhttp/%.c Makefile
	@mkdir -p $(@D)
	$(call say,cc)$(CC) -O1 -w $(WITH_LLHTTP) -c -o $@ $<
endif

# These take the place of the link to Redis; of the look-up of names and of pages.
RESP_WRAPS := $(addprefix -Wl$(COMMA)--wrap=,redis_link_call redis_link_generation)
$(addprefix $(OUT)/tests/fuzz/fuzz_,resp register): ALL_LIBS += $(RESP_WRAPS)
OPTS_WRAPS := $(addprefix -Wl$(COMMA)--wrap=,getaddrinfo assets_init)
$(OUT)/tests/fuzz/fuzz_options: ALL_LIBS += $(OPTS_WRAPS)

programs: all $(addprefix $(OUT)/tests/unit/,$(UNITS)) $(addprefix $(OUT)/tests/fuzz/fuzz_,$(FUZZ)) $(OUT)/tests/replay/replay $(OUT)/tests/sim/sim

unit: $(addprefix $(OUT)/tests/unit/,$(UNITS))
	@tests/each $^

unit-%: $(OUT)/tests/unit/test_%
	$<

tapes: $(OUT)/tests/replay/replay
	@tests/each $(foreach t,$(sort $(wildcard tests/replay/*.tape)),"$< $t")

corpora: $(addprefix $(OUT)/tests/fuzz/fuzz_,$(FUZZ))
	@tests/each $(foreach f,$(FUZZ),"$(OUT)/tests/fuzz/fuzz_$f tests/fuzz/corpus/$f")

e2e: all tests/node_modules/.package-lock.json
	$(NODE_TEST) $(filter-out $(LOUD),$(E2E))
	$(NODE_TEST) $(LOUD)

e2e-%: all tests/node_modules/.package-lock.json
	$(NODE_TEST) tests/e2e/$*.test.mjs

# The simulation takes the places of these functions, to see that they are missed.
SIM_WRAPS := store_recheck marks_write maturity_clear receiver_take wire_ack_frame traits_restore commit_goals alerts_restore log_line
$(OUT)/tests/sim/sim: $(call objs,tests/sim)
$(OUT)/tests/sim/sim: ALL_LIBS += $(addprefix -Wl$(COMMA)--wrap=,$(SIM_WRAPS))
sim: $(OUT)/tests/sim/sim
	$< $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

sim-breaks: $(OUT)/tests/sim/sim
	$< --breaks --seeds $(SEEDS)

# The n-th call fails, for every n there is (tests/torture/torture.mjs).
TORTURED := $(addprefix $(OUT)/tests/,replay/replay $(addprefix fuzz/fuzz_,body config dialect_bodies geo summary) torture/failing.so)
$(OUT)/tests/torture/failing.so: tests/torture/failing.c Makefile
	@mkdir -p $(@D)
	$(call say,cc)$(CC) -std=c11 -D_GNU_SOURCE $(WARN) -O1 -g -fPIC -shared -o $@ $<
torture torture-some: all $(TORTURED)
	HEADCOUNT_BIN=$(OUT)/bin node tests/torture/torture.mjs $(if $(filter %-some,$@),--some)

# A race makes a daemon end with 66, which fails its story.
TSAN_UNITS := hub mailbox snapshot stop
TSAN_E2E   := pixel stream websocket visibility admin faces reload rotation limits
TSAN_SLOW  := settings of any length|who does not read costs# flood it until something gives
tsan:
	$(MAKE) TSAN=1 tsan-run
tsan-run: all $(addprefix $(OUT)/tests/unit/test_,$(TSAN_UNITS)) tests/node_modules/.package-lock.json
	@tests/each $(addprefix $(OUT)/tests/unit/test_,$(TSAN_UNITS))
	WORKERS=3 $(NODE_TEST) --test-name-pattern='/^(?!$(TSAN_SLOW))/' $(TSAN_E2E:%=tests/e2e/%.test.mjs)

# What runs in one process; end-to-end tests would only add lines of main and the shells.
coverage:
	$(MAKE) COVERAGE=1 SEEDS=30 coverage-run
coverage-run: programs
	find $(OUT) -name '*.gcda' -delete
	-$(MAKE) COVERAGE=1 SEEDS=30 unit tapes corpora sim >$(OUT)/run.log
	tests/covered $(OUT)

# As tests, but of minutes: not part of `make test`.
dashboard-long: all tests/node_modules/.package-lock.json
	HEADCOUNT_BIN=$(OUT)/bin MINUTES=$(MINUTES) node --test --test-reporter=spec tests/e2e/dashboard_long.mjs

flood: all tests/node_modules/.package-lock.json
	HEADCOUNT_BIN=$(OUT)/bin node tests/bench/flood.mjs --minutes $(MINUTES)

chaos: all $(OUT)/tests/bench/load tests/node_modules/.package-lock.json
	HEADCOUNT_BIN=$(OUT)/bin node tests/chaos/chaos.mjs --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(ARGS)

forget:
	$(MAKE) FORGET=1 all

tests/node_modules/.package-lock.json: tests/package-lock.json
	cd tests && npm ci --no-audit --no-fund

fuzz-resp fuzz-register: FUZZ_WITH = $(RESP_WRAPS)
fuzz-options: FUZZ_WITH = $(OPTS_WRAPS)
fuzz-http: FUZZ_WITH = $(if $(LLHTTP),$(WITH_LLHTTP) $(LLHTTP))
fuzz-%:
	@mkdir -p $(OUT)/fuzz/$*
	clang $(BASE) -Wno-error -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $(OUT)/fuzz/fuzz_$* tests/fuzz/fuzz_$*.c $(FUZZ_WITH) \
		$(foreach d,proto proto/loop collector collector/admission collector/dialects aggregator cli,$(call c_of,$d)) \
		$(patsubst %,$(OUT)/%.o,$(foreach d,proto collector collector/admission aggregator,$(call data_of,$d))) $(filter-out -lcmocka,$(ALL_LIBS))
	$(OUT)/fuzz/fuzz_$* -max_total_time=$(SECS) -rss_limit_mb=512 -timeout=5 -print_final_stats=1 $(OUT)/fuzz/$* tests/fuzz/corpus/$*
$(addprefix fuzz-,$(FUZZ)): $(patsubst %,$(OUT)/%.o,$(foreach d,proto collector collector/admission aggregator,$(call data_of,$d)))

bench: all $(BENCHES)
	@tests/bench/run
$(ROWS): bench-%: all $(BENCHES)
	@tests/bench/run $*
bench-instructions: $(BENCHES)
	@node tests/bench/instructions.mjs $(if $(WRITE),--write)
$(BENCHES) $(OUT)/tests/unit/test_bench: $(OUT)/libbench.a
$(OUT)/libbench.a: $(call objs,tests/bench/lib)

# ---- the code itself --------------------------------------------------------
FOLDERS := proto collector aggregator cli
C_FILES  = $(shell find $(FOLDERS) tests -name node_modules -prune -o -name '*.[ch]' -print)
SCRIPTS  = $(wildcard .ci/run deploy/run deploy/test deploy/install-packages deploy/debian/build deploy/debian/try deploy/clients/shell/send.sh tests/each tests/hardened tests/covered tests/bench/run tests/e2e/promtool)

lint:
	cppcheck --quiet --std=c11 --library=posix --library=gnu --enable=warning,portability --inline-suppr \
		--suppressions-list=tests/cppcheck.txt --error-exitcode=1 -j$(shell nproc) -D_GNU_SOURCE -I. $(FOLDERS)
	shellcheck $(SCRIPTS)
	@printf '%s\n' $(CHECKED) | xargs -P $(shell nproc) -I{} clang-tidy --quiet {} -- $(filter-out -W%,$(BASE))

# cppcheck and clang-tidy look at functions; this walks through their paths. It takes what is
# kept behind a second pointer for lost, and does not know that a slice at NULL has 0 bytes:
# leaks and NULL as an argument are for the sanitizers (SAN=1) to find.
CHECKED = $(foreach d,proto proto/loop collector collector/admission collector/dialects aggregator cli,$(wildcard $d/*.c))
analyze: $(CHECKED:%.c=$(OUT)/analyze/%.s)
$(OUT)/analyze/%.s: %.c
	@mkdir -p $(@D)
	$(call say,walk)$(CC) $(BASE) -O1 -fanalyzer -Wno-analyzer-malloc-leak -Wno-analyzer-null-argument -MMD -MP -S -o $@ $<

hardened: all $(ARCHIVES)
	@tests/hardened $(PROGRAMS) $(filter-out %/libfake.a,$(ARCHIVES))

fmt:
	clang-format -i $(C_FILES)
fmt-check:
	clang-format --dry-run -Werror $(C_FILES)

# The two daemons and the cli meet only in proto/. proto/ itself is pure: what knows
# libuv or a Redis socket is in proto/loop/, and the cli, which has no loop, stays clear
# of it. No name means two things in two of them: fuzzers are linked with all.
no_twins = @! nm -g --defined-only $1 | awk 'NF == 3 { print $$3 }' | sort | uniq -d | grep .
no_include = @! grep -nE '^ *\# *include *[<"](\.\./)*($1)' $2
layers: all $(ARCHIVES)
	$(call no_include,aggregator/|cli/,collector/*.[ch] collector/admission/*.[ch] collector/dialects/*.[ch])
	$(call no_include,collector/|cli/,aggregator/*.[ch])
	$(call no_include,collector/|aggregator/|proto/loop/|uv\.h,cli/*.[ch])
	$(call no_include,collector/|aggregator/|cli/|loop/|uv\.h|hiredis/,proto/*.[ch])
	$(call no_include,collector/|aggregator/|cli/,proto/loop/*.[ch])
	@! ldd $(OUT)/bin/headcount | grep libuv
	$(call no_twins,$(filter-out %/libfake.a,$(ARCHIVES)))

# ---- run, install -----------------------------------------------------------
run test:
	@deploy/$@
demo:
	@deploy/run --demo

deps:
	deploy/install-packages run test

pictures: MINUTES := 31
pictures: all tests/node_modules/.package-lock.json
	HEADCOUNT_BIN=$(OUT)/bin node tests/pictures/pictures.mjs --minutes $(MINUTES)

man: $(patsubst deploy/man/%.scd,build/man/%,$(wildcard deploy/man/*.scd))
build/man/%: deploy/man/%.scd
	@mkdir -p $(@D)
	scdoc <$< >$@

# Settings that are there already are left alone. Units name the programs by PREFIX.
SYSTEMD = $(DESTDIR)$(PREFIX)/lib/systemd/system
install: all man
	install -D -t $(DESTDIR)$(PREFIX)/bin $(PROGRAMS)
	for m in build/man/*.[1-8]; do install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man$${m##*.} $$m; done
	install -D -m 644 -t $(SYSTEMD) deploy/systemd/*.service deploy/systemd/*.socket
	sed -i 's|=/usr/bin/|=$(PREFIX)/bin/|' $(SYSTEMD)/headcount-*.service
	install -D -m 644 deploy/systemd/headcount.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/headcount.conf
	install -D -m 644 deploy/systemd/headcount.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/headcount.conf
	install -D -m 644 deploy/systemd/headcount.sysctl $(DESTDIR)$(PREFIX)/share/doc/headcount/sysctl.conf
	install -d $(DESTDIR)$(SYSCONFDIR)/headcount
	for c in aggregator collector; do [ -e $(DESTDIR)$(SYSCONFDIR)/headcount/$$c.conf ] || \
		install -m 644 -t $(DESTDIR)$(SYSCONFDIR)/headcount deploy/systemd/$$c.conf; done

# Not part of `make test`: both take minutes, and the second one needs root.
deb:
	deploy/debian/build
test-deb: deb
	deploy/debian/try

help:
	@sed '/^#/!q; s/^# \{0,1\}//' Makefile

clean:
	rm -rf build

-include $(shell find $(OUT) -path $(OUT)/deb -prune -o -name '*.d' -type f -print 2>/dev/null)
.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all pictures demo dashboard-long tracker map programs unit tapes corpora sim sim-breaks chaos flood forget e2e bench bench-instructions $(ROWS) lint analyze hardened torture torture-some tsan tsan-run coverage coverage-run fmt fmt-check layers run test deps man install deb test-deb help clean
