# SPDX-License-Identifier: MIT
# reeld: one Makefile, no recursion; a new source file needs no edit here.
#
#   make            build/reeld and build/reel-worker
#   make demo       install what is missing, build, serve on 127.0.0.1:8080
#   make test       all tests; `make help` lists the rest
#
# SAN=address,undefined or SAN=thread builds beside the release with sanitizers,
# V=1 shows commands, CI=1 makes warnings errors.

# All cores, unless -j on the command line says otherwise; what is called from
# here shares them.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

VERSION := 0.1.0
BUILD   ?= build
SAN     ?=
comma   := ,
VARIANT := $(BUILD)/$(if $(SAN),san-$(subst $(comma),-,$(SAN)),release)
Q       := $(if $(V),,@)

# The rooms of each program: the two lines that matter (architecture.md).
DAEMON := base model wire config package store catalog http fetch jobs courier play api videodb
WORKER := base model wire media sandbox worker

CC      ?= gcc
PKG     := pkg-config
LIBAV   := libavformat libavfilter libavcodec libswscale libswresample libavutil
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion \
           -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wwrite-strings \
           -Wundef -Wvla -Wformat=2 -Wdouble-promotion $(if $(CI),-Werror)
HARDEN  := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
           -fcf-protection=full -fPIE
CPPFLAGS := -D_GNU_SOURCE -DREELD_VERSION='"$(VERSION)"' -Iinclude -I$(VARIANT)/gen
# As much as sanitizers want, for they are slow to compile.
CFLAGS  ?= $(if $(filter address%,$(SAN))$(filter thread,$(SAN)),-O1,-O2) -g
ALL_CFLAGS := -std=gnu17 $(WARN) $(CFLAGS)
LDFLAGS += -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed -pthread
ifeq ($(SAN),)
ALL_CFLAGS += $(HARDEN)
else
ALL_CFLAGS += -fPIE -fsanitize=$(SAN) -fno-sanitize-recover=all \
              -fno-omit-frame-pointer -DREELD_SANITIZED
LDFLAGS += -fsanitize=$(SAN)
# As a shared library beside that of ASan, gcc's UBSan heeds no log_path.
ifeq ($(findstring clang,$(CC)),)
LDFLAGS += $(if $(findstring undefined,$(SAN)),-static-libasan -static-libubsan)
endif
endif
# What libraries hand from thread to thread by atomics of their own is nothing
# that ThreadSanitizer sees, unless they are built with it.
export TSAN_OPTIONS ?= ignore_noninstrumented_modules=1

# What a room needs: the rooms it may open (tests/lint/floors.txt is checked by
# `make lint`), and the libraries of its own.
NEEDS_base    :=
NEEDS_model   := base
NEEDS_config  := base
NEEDS_store   := base
NEEDS_http    := base
NEEDS_fetch   := base
NEEDS_sandbox := base
NEEDS_package := model base
NEEDS_catalog := model base
NEEDS_media   := wire model base
NEEDS_wire    := model base
NEEDS_jobs    := catalog store wire model base
NEEDS_courier := fetch catalog store model base
NEEDS_play    := jobs catalog store package wire model base
NEEDS_worker  := media sandbox wire model base
NEEDS_api     := play courier jobs fetch http catalog store package wire model base
NEEDS_videodb := api $(NEEDS_api)

LIBS_base    := -lcrypto
LIBS_config  := -linih
LIBS_package := -lxml2
LIBS_catalog := -lsqlite3
LIBS_http    := -lmicrohttpd -lz
LIBS_fetch   := -lcurl
LIBS_sandbox := -lseccomp
LIBS_api     := -ljansson
LIBS_videodb := -ljansson
LIBS_media    = $(shell $(PKG) --libs $(LIBAV)) -lx264 -lmp3lame -lm
INC_package   = $(shell $(PKG) --cflags libxml-2.0)

HAVE_SYSTEMD := $(shell $(PKG) --exists libsystemd 2>/dev/null && echo yes)
ifeq ($(HAVE_SYSTEMD),yes)
CPPFLAGS += -DREELD_SYSTEMD
LIBS_main := -lsystemd
endif

ROOMS := $(sort $(DAEMON) $(WORKER))
lib = $(VARIANT)/lib$(1).a
libs_of = $(foreach r,$(1),$(call lib,$(r)))
needs = $(1) $(NEEDS_$(1))
link_libs = $(foreach r,$(1),$(LIBS_$(r)))

## all           the two programs and the web pages, in build/
.PHONY: all help clean
all: $(VARIANT)/reeld $(VARIANT)/reel-worker
ifeq ($(SAN),)
all: $(BUILD)/reeld $(BUILD)/reel-worker
$(BUILD)/reeld $(BUILD)/reel-worker: $(BUILD)/%: $(VARIANT)/%
	$(Q)ln -sf release/$* $@
endif

help:
	@sed -n 's/^## /  make /p' Makefile
## demo          serves ./demo-data on 127.0.0.1:8080 and says how to upload
## test          every test, on three builds; the last line is "N passed, N failed"
## http          black-box tests against the real daemon alone
## player        real players in headless Chromium alone
## builds        unit tests with sanitizers; players; black-box tests spread over
##               the release and builds with ASan and UBSan, and with TSan
## asan          all of them on the build with ASan and UBSan
## tsan          all of them on the build with TSan
## exact         every picture of RANGES=210 random clips, STREAMS=20 of them; goes on where it was
## bench         measures; BENCH="start cold" picks some
## clean         takes away all that was built
clean:
	rm -rf $(BUILD)

define room_rules
SRC_$(1) := $$(wildcard src/$(1)/*.c)
OBJ_$(1) := $$(SRC_$(1):src/%.c=$(VARIANT)/obj/%.o)
$(VARIANT)/obj/$(1)/%.o: src/$(1)/%.c | deps-check
	@mkdir -p $$(@D)
	$(if $(V),,@echo "  CC    $$<")
	$$(Q)$$(CC) $$(CPPFLAGS) $$(INC_$(1)) $$(ALL_CFLAGS) -MMD -MP -c $$< -o $$@
$(call lib,$(1)): $$(OBJ_$(1)) $$(EXTRA_$(1))
	@mkdir -p $$(@D)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
-include $$(OBJ_$(1):.o=.d)
endef

# SQL becomes C at build time; see sql/embed.awk.
SQL_FILES := $(wildcard sql/migrations/*.sql) $(wildcard sql/queries/*.sql)
$(VARIANT)/gen/sql.h: sql/embed.awk $(SQL_FILES)
	@mkdir -p $(@D)
	$(Q)LC_ALL=C awk -f sql/embed.awk $(SQL_FILES) > $@.tmp && mv $@.tmp $@

# The description of the API is part of the program.
$(VARIANT)/gen/openapi.h: src/api/openapi.json
	@mkdir -p $(@D)
	$(Q)od -An -v -tu1 $< | sed 's/[0-9][0-9]*/&,/g' > $@.tmp && mv $@.tmp $@

$(foreach r,$(ROOMS),$(eval $(call room_rules,$(r))))
$(OBJ_catalog): $(VARIANT)/gen/sql.h
$(OBJ_api): $(VARIANT)/gen/openapi.h

$(VARIANT)/obj/%.o: src/%.c | deps-check
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c $< -o $@
MAIN := $(addprefix $(VARIANT)/obj/,reeld.o daemon.o janitor.o lock.o systemd.o \
        fsck.o gc.o backup.o)
-include $(MAIN:.o=.d) $(VARIANT)/obj/reel-worker.d

$(VARIANT)/reeld: $(MAIN) $(call libs_of,$(DAEMON))
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) $(MAIN) -Wl,--start-group $(call libs_of,$(DAEMON)) -Wl,--end-group \
	    $(call link_libs,$(DAEMON)) $(LIBS_main) -o $@
$(VARIANT)/reel-worker: $(VARIANT)/obj/reel-worker.o $(call libs_of,$(WORKER))
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) $< -Wl,--start-group $(call libs_of,$(WORKER)) -Wl,--end-group \
	    $(call link_libs,$(WORKER)) -o $@

# ---- the page: our own files as they are, players from npm by lock file ------

WEB_OWN := $(wildcard src/web/*.html src/web/*.css src/web/*.js src/web/*.svg)
.PHONY: web
web: $(BUILD)/web/.done
all: web
$(BUILD)/npm-web/.done: src/web/package.json src/web/package-lock.json | deps-check
	@mkdir -p $(@D)
	$(Q)cp src/web/package.json src/web/package-lock.json $(@D)/
	$(Q)cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
$(BUILD)/web/.done: $(WEB_OWN) $(BUILD)/npm-web/.done
	@mkdir -p $(@D)/vendor
	$(Q)cp $(WEB_OWN) $(@D)/
	$(Q)cp $(BUILD)/npm-web/node_modules/hls.js/dist/hls.min.mjs \
	    $(BUILD)/npm-web/node_modules/dashjs/dist/modern/esm/dash.mediaplayer.min.js \
	    $(BUILD)/npm-web/node_modules/tus-js-client/dist/tus.min.js $(@D)/vendor/
	$(Q)cp $(BUILD)/npm-web/node_modules/hls.js/LICENSE $(@D)/vendor/hls.js.LICENSE
	$(Q)cp $(BUILD)/npm-web/node_modules/dashjs/LICENSE.md $(@D)/vendor/dash.js.LICENSE
	$(Q)cp $(BUILD)/npm-web/node_modules/tus-js-client/LICENSE $(@D)/vendor/tus-js-client.LICENSE
	@touch $@

# ---- unit tests: tests/unit/ROOM/NAME_test.c, through doors only -------------

# Where there is one thread there is no race for ThreadSanitizer to find; what
# only allocates, as SQLite does here, takes ten times as long under it.
ONE_THREAD := $(foreach r,model wire config package media worker,tests/unit/$(r)/%) \
              $(foreach t,faulty open released migrate torn,tests/unit/catalog/$(t)_test.c)
UNIT_SRC := $(wildcard tests/unit/*/*_test.c)
ifeq ($(SAN),thread)
UNIT_SRC := $(filter-out $(ONE_THREAD),$(UNIT_SRC))
endif
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(VARIANT)/unit/%)
SUPPORT  := $(wildcard tests/support/*.c)

define unit_rules
$(VARIANT)/unit/$(1)/%_test: tests/unit/$(1)/%_test.c $$(SUPPORT_$(1)) $(call libs_of,$(call needs,$(1))) | test-deps
	@mkdir -p $$(@D)
	$(if $(V),,@echo "  TEST  $$<")
	$$(Q)$$(CC) $$(CPPFLAGS) $$(INC_$(1)) -Itests/support $$(ALL_CFLAGS) -MMD -MP -MF $$@.d $$(LDFLAGS) $$< $$(SUPPORT_$(1)) \
	    -Wl,--start-group $(call libs_of,$(call needs,$(1))) -Wl,--end-group \
	    $$(call link_libs,$(call needs,$(1))) -lcmocka -o $$@
endef
# Stand-ins live in tests/support/ROOM_*.c and are linked into that room's tests.
$(foreach r,$(ROOMS),$(eval SUPPORT_$(r) := $(wildcard tests/support/$(r)_*.c)))
SUPPORT_videodb += tests/support/catalog_sample.c
$(foreach r,$(ROOMS),$(eval $(call unit_rules,$(r))))
-include $(UNIT_BIN:%=%.d)

.PHONY: unit unit-build
unit-build: $(UNIT_BIN)
## unit          unit tests; unit-ROOM for those of one room
unit: $(UNIT_BIN) $(VARIANT)/reel-worker
	$(Q)tests/run-unit $(UNIT_BIN)
# A worker that does what the source's text says, for the tests of jobs.
$(VARIANT)/fake-worker: tests/support/fake_worker.c $(call libs_of,wire model base)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) $^ $(call link_libs,base) -o $@
unit all-unit-jobs: | $(VARIANT)/fake-worker
# Makes on purpose what a sanitizer has to report, in the place of a daemon.
$(VARIANT)/planted/reeld: tests/sanitized/planted.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) $< -o $@
# One room's tests alone: make unit-model
unit-%: all-unit-% ;
$(foreach r,$(ROOMS),$(eval all-unit-$(r): $(filter $(VARIANT)/unit/$(r)/%,$(UNIT_BIN)) ; $$(Q)tests/run-unit $$^))

# Rewrites the expected manifests; review the difference before committing it.
.PHONY: golden
## golden        rewrites the expected manifests of the tests
golden: export GOLDEN := write
golden: unit-package

# ---- the whole: demo, test, bench --------------------------------------------

DEMO_DATA ?= demo-data
.PHONY: demo test http player builds asan tsan exact bench
demo: all
	$(Q)tests/demo $(BUILD)/reeld $(DEMO_DATA)

$(BUILD)/npm-tests/.done: tests/package.json tests/package-lock.json | test-deps
	@mkdir -p $(@D)
	$(Q)cp tests/package.json tests/package-lock.json $(@D)/
	$(Q)cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	$(Q)ln -sfn ../$(@D)/node_modules tests/node_modules
	@touch $@
test: all unit-build $(BUILD)/npm-tests/.done | test-deps
	+$(Q)KILLS=50 tests/run-all lint unit fuzz-replay builds soak power campaign
http player builds asan tsan: all $(BUILD)/npm-tests/.done | test-deps
	+$(Q)tests/run-all $@
exact: all | test-deps
	$(Q)node tests/exact/long.js
bench: all $(BUILD)/npm-tests/.done | test-deps
	$(Q)node tests/bench/bench.js $(BENCH)

# ---- checks of the source ----------------------------------------------------

C_FILES := $(wildcard src/*.[ch] src/*/*.[ch] include/reeld/*.h include/reeld/*/*.h \
           tests/*/*.[ch] tests/unit/*/*.[ch])
.PHONY: format format-check cppcheck tidy conf
## format        lays out all C files by .clang-format
format:
	$(Q)clang-format -i $(C_FILES)
format-check: | test-deps
	$(Q)clang-format --dry-run -Werror $(C_FILES)

# conf/reeld.conf comes from src/config/settings.def; lint compares them.
$(VARIANT)/write-conf: tests/lint/write_conf.c $(call libs_of,config base)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) $^ $(call link_libs,config base) -o $@
## conf          writes conf/reeld.conf from src/config/settings.def
conf: $(VARIANT)/write-conf
	$(Q)$< > conf/reeld.conf

# Each check is a script that prints what it found (tests/lint/README);
# `make -k lint` shows what all of them find.
SOURCE_CHECKS := lint-floors lint-words lint-secrets lint-shape lint-headers
BUILD_CHECKS  := lint-conf lint-globals lint-links lint-unit
.PHONY: lint lint-source $(SOURCE_CHECKS) $(BUILD_CHECKS)
## lint          all rules of the house; lint-source for those without a build
lint: lint-source $(BUILD_CHECKS)
lint-source: $(SOURCE_CHECKS) format-check
lint-floors lint-words lint-secrets lint-shape: lint-%:
	$(Q)tests/lint/$*
lint-headers: | deps-check
	$(Q)tests/lint/headers $(CC) -std=gnu17 $(CPPFLAGS)
lint-conf: $(VARIANT)/write-conf
	$(Q)$< | diff conf/reeld.conf - || { echo "conf/reeld.conf is not as settings.def says: make conf"; exit 1; }
lint-globals: all
	$(Q)tests/lint/globals $(VARIANT)/obj
lint-links: all
	$(Q)tests/lint/links $(VARIANT)
lint-unit: | test-deps
	$(Q)tests/lint/unit systemd/reeld.service
## cppcheck      static analysis by cppcheck
cppcheck: $(VARIANT)/gen/sql.h $(VARIANT)/gen/openapi.h | test-deps
	$(Q)cppcheck -q -j2 --std=c11 --enable=warning,style,performance,portability \
	    --inline-suppr --suppressions-list=tests/lint/cppcheck.txt --error-exitcode=1 \
	    --include=tests/lint/loops.h -D_GNU_SOURCE -Iinclude -I$(VARIANT)/gen src
TIDY := $(patsubst src/%.c,$(VARIANT)/tidy/%.ok,$(wildcard src/*.c src/*/*.c))
$(VARIANT)/tidy/%.ok: src/%.c .clang-tidy $(wildcard include/reeld/*.h include/reeld/*/*.h) \
                      $(VARIANT)/gen/sql.h $(VARIANT)/gen/openapi.h | test-deps
	@mkdir -p $(@D)
	$(if $(V),,@echo "  TIDY  $<")
	$(Q)clang-tidy --quiet $< -- -std=gnu17 $(CPPFLAGS) $(INC_package) \
	    $(if $(filter src/base/err.c,$<),,-include tests/lint/tidy.h) 2>/dev/null
	@touch $@
## tidy          static analysis by clang-tidy, slow the first time
tidy: $(TIDY)

# How long `fuzz` looks at each target, and how long `soak` works.
SECONDS ?= 20

# ---- fuzzing: tests/fuzz/NAME_fuzz.c, seeds in tests/fuzz/corpus/NAME/ --------

# `fuzz` looks for new trouble with libFuzzer, SECONDS a target; what it
# finds stays in build/fuzz. `fuzz-replay` runs the seeds alone, with any
# compiler. Both make the rooms anew with sanitizers.
FUZZ := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
.PHONY: fuzz fuzz-replay fuzz-run fuzz-replay-run
## fuzz          libFuzzer on each parser, SECONDS=20 for each
fuzz: | test-deps
	$(Q)$(MAKE) --no-print-directory CC=clang SAN=fuzzer-no-link,address,undefined fuzz-run
## fuzz-replay   the seeds of the fuzz targets alone, under sanitizers
fuzz-replay:
	$(Q)$(MAKE) --no-print-directory SAN=address,undefined fuzz-replay-run

fuzz_link = $(CC) $(CPPFLAGS) $(INC_package) $(ALL_CFLAGS) $(LDFLAGS) $(filter %.c,$^) \
    -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(call link_libs,$(ROOMS)) -o $@
$(VARIANT)/fuzz/%_fuzz: tests/fuzz/%_fuzz.c $(call libs_of,$(ROOMS))
	@mkdir -p $(@D)
	$(Q)$(fuzz_link) -fsanitize=fuzzer
$(VARIANT)/fuzz/%_replay: tests/fuzz/%_fuzz.c tests/fuzz/replay.c $(call libs_of,$(ROOMS))
	@mkdir -p $(@D)
	$(Q)$(fuzz_link)
fuzz-run: $(FUZZ:%=$(VARIANT)/fuzz/%_fuzz)
	$(Q)tests/fuzz/run $(SECONDS) $(BUILD)/fuzz $^
fuzz-replay-run: $(FUZZ:%=$(VARIANT)/fuzz/%_replay)
	$(Q)for program in $^; do name=$${program##*/}; \
	    "$$program" tests/fuzz/corpus/$${name%_replay} || exit 1; done

# ---- installation: the FHS below PREFIX, packages set DESTDIR -----------------

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR    ?= $(PREFIX)/lib/systemd/system
INSTALLED  := $(PREFIX)/bin/reeld $(PREFIX)/libexec/reeld/reel-worker \
              $(UNITDIR)/reeld.service $(UNITDIR)/reeld.socket
TREES      := $(PREFIX)/libexec/reeld $(PREFIX)/share/reeld $(PREFIX)/share/doc/reeld
.PHONY: install uninstall
## install       to PREFIX=/usr/local, below DESTDIR
install: all
	install -D -m 755 $(VARIANT)/reeld $(DESTDIR)$(PREFIX)/bin/reeld
	install -D -m 755 $(VARIANT)/reel-worker $(DESTDIR)$(PREFIX)/libexec/reeld/reel-worker
	install -d $(DESTDIR)$(PREFIX)/share/reeld/web/vendor $(DESTDIR)$(UNITDIR)
	install -m 644 $(BUILD)/web/*.* $(DESTDIR)$(PREFIX)/share/reeld/web
	install -m 644 $(BUILD)/web/vendor/* $(DESTDIR)$(PREFIX)/share/reeld/web/vendor
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/reeld conf/reeld.conf LICENSE $(wildcard README.md)
	$(Q)for unit in reeld.service reeld.socket; do \
	    sed -e 's|/usr/local|$(PREFIX)|g' -e 's|/etc/reeld|$(SYSCONFDIR)/reeld|g' systemd/$$unit \
	        > $(DESTDIR)$(UNITDIR)/$$unit && chmod 644 $(DESTDIR)$(UNITDIR)/$$unit || exit 1; done
	$(Q)test -e $(DESTDIR)$(SYSCONFDIR)/reeld.conf || \
	    install -D -m 644 conf/reeld.conf $(DESTDIR)$(SYSCONFDIR)/reeld.conf
## uninstall     takes away what install put there
# The settings and the data belong to the operator and stay.
uninstall:
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	rm -rf $(addprefix $(DESTDIR),$(TREES))
	@echo "left in place: $(SYSCONFDIR)/reeld.conf and the data directory"

# ---- crashes -----------------------------------------------------------------

.PHONY: crash
$(VARIANT)/crash/publisher: tests/crash/publisher.c $(call libs_of,store catalog model base)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) $< -Wl,--start-group $(filter %.a,$^) \
	    -Wl,--end-group $(call link_libs,store catalog model base) -o $@
## crash         kills an upload, a backup and each migration at each of its system
##               calls and looks, and after each loss of power; kills a daemon
##               under load KILLS times (1000)
KILLS ?= 1000
crash: $(VARIANT)/crash/publisher $(VARIANT)/crash/released campaign | test-deps
	$(Q)tests/crash/run $(VARIANT)/crash/publisher $(VARIANT)/crash/released
	$(Q)node tests/crash/power.js $(VARIANT)/crash/publisher
# A slice of what may be left when the power goes.
.PHONY: power
power: $(VARIANT)/crash/publisher | test-deps
	$(Q)node tests/crash/power.js $< 20
# A data directory of each schema that was ever released.
$(VARIANT)/crash/released: tests/crash/released.c $(call libs_of,store catalog model base)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) $< -Wl,--start-group $(filter %.a,$^) \
	    -Wl,--end-group $(call link_libs,store catalog model base) -o $@
.PHONY: campaign
campaign: all $(VARIANT)/crash/released $(BUILD)/npm-tests/.done | test-deps
	$(Q)REELD=$(VARIANT)/reeld node tests/crash/campaign.js $(KILLS) $(SEED)

.PHONY: faults
## faults        every call to the machine that a flow makes fails once, and from
##               then on; a slice of it is in `test`
faults: all $(BUILD)/npm-tests/.done | test-deps
	$(Q)NTH_STRIDE=1 REELD=$(VARIANT)/reeld node --test tests/http/nth.test.js

# ---- abuse -------------------------------------------------------------------

.PHONY: abuse
## abuse         slow clients by the thousand; the rest of it is in `test`
abuse: all $(BUILD)/npm-tests/.done | test-deps
	$(Q)tests/run-all abuse

.PHONY: soak
## soak          mixed work for SECONDS=20, players and connections by the thousand
soak: all $(BUILD)/npm-tests/.done | test-deps
	$(Q)node tests/soak/soak.js $(SECONDS)

# ---- what every target needs -------------------------------------------------

PACKAGES := gcc make pkg-config libavformat-dev libavcodec-dev libavfilter-dev \
	libavutil-dev libswscale-dev libswresample-dev libx264-dev \
	libmp3lame-dev \
	libmicrohttpd-dev libsqlite3-dev libjansson-dev libssl-dev libinih-dev \
	libcurl4-openssl-dev uthash-dev libxml2-dev zlib1g-dev libseccomp-dev libsystemd-dev npm
TEST_PACKAGES := clang libclang-rt-14-dev clang-format clang-tidy cppcheck \
	libcmocka-dev binutils systemd ffmpeg mpv vlc-bin vlc-plugin-base chromium \
	libxml2-utils sqlite3 curl strace wrk nginx-light nodejs npm

# Installs what is missing of a list. node and npm may come from elsewhere; on
# other systems than Debian the list is what to look for.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
define install_missing
	@mkdir -p $(BUILD)
	$(Q)missing=; for package in $(1); do \
	    case $$package in nodejs) command -v node ;; npm) command -v npm ;; *) false ;; esac \
	        > /dev/null && continue; \
	    dpkg-query -W -f '$${db:Status-Abbrev}' $$package 2> /dev/null | grep -q '^.i' || \
	        missing="$$missing $$package"; \
	done; \
	if [ -z "$$missing" ]; then :; \
	elif ! command -v apt-get > /dev/null; then echo "needed, by their Debian names:$$missing"; \
	else echo "  APT  $$missing"; \
	    $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    $(SUDO) apt-get install -y -qq --no-install-recommends $$missing > $(BUILD)/apt.log 2>&1 || \
	    { cat $(BUILD)/apt.log; exit 1; }; \
	fi
endef
.PHONY: deps deps-check test-deps
## deps          installs what the build needs (apt-get); other targets do it too
## test-deps     the same for tests and checks
deps: $(BUILD)/.deps
test-deps: $(BUILD)/.test-deps
deps-check: $(BUILD)/.deps
$(BUILD)/.deps: Makefile
	$(call install_missing,$(PACKAGES))
	@touch $@
$(BUILD)/.test-deps: Makefile $(BUILD)/.deps
	$(call install_missing,$(TEST_PACKAGES))
	@touch $@
# Read as a makefile: when it was missing, make begins again, so that what was
# asked of pkg-config above is asked again now that it is there.
ifneq ($(filter-out help clean format conf uninstall,$(or $(MAKECMDGOALS),all)),)
-include $(BUILD)/.deps
endif
