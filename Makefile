# SPDX-License-Identifier: MIT
# reeld: one Makefile, no recursion; a new source file needs no edit here.
#
#   make            build/reeld and build/reel-worker
#   make demo       install what is missing, build, serve on 127.0.0.1:8080
#   make test       all tests; `make help` lists the rest

VERSION := 0.1.0
BUILD   ?= build
SAN     ?=
comma   := ,
VARIANT := $(BUILD)/$(if $(SAN),san-$(subst $(comma),-,$(SAN)),release)
Q       := $(if $(V),,@)

# The rooms of each program: the two lines that matter (architecture.md).
DAEMON := base model wire config package store catalog http jobs play api
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
CFLAGS  ?= -O2 -g
ALL_CFLAGS := -std=gnu17 $(WARN) $(CFLAGS)
LDFLAGS += -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed -pthread
ifeq ($(SAN),)
ALL_CFLAGS += $(HARDEN)
else
ALL_CFLAGS += -fPIE -fsanitize=$(SAN) -fno-omit-frame-pointer -DREELD_SANITIZED
LDFLAGS += -fsanitize=$(SAN)
endif

# What a room needs: the rooms it may open (tests/lint/floors.txt is checked by
# `make lint`), and the libraries of its own.
NEEDS_base    :=
NEEDS_model   := base
NEEDS_config  := base
NEEDS_store   := base
NEEDS_http    := base
NEEDS_sandbox := base
NEEDS_package := model base
NEEDS_catalog := model base
NEEDS_media   := wire model base
NEEDS_wire    := model base
NEEDS_jobs    := catalog store wire model base
NEEDS_play    := jobs catalog store package wire model base
NEEDS_worker  := media sandbox wire model base
NEEDS_api     := play jobs http catalog store package wire model base

LIBS_base    := -lcrypto
LIBS_config  := -linih
LIBS_package := -lxml2
LIBS_catalog := -lsqlite3
LIBS_http    := -lmicrohttpd -lz
LIBS_sandbox := -lseccomp
LIBS_api     := -ljansson
LIBS_media    = $(shell $(PKG) --libs $(LIBAV)) -lx264
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

.PHONY: all
all: $(VARIANT)/reeld $(VARIANT)/reel-worker
ifeq ($(SAN),)
all: $(BUILD)/reeld $(BUILD)/reel-worker
$(BUILD)/reeld $(BUILD)/reel-worker: $(BUILD)/%: $(VARIANT)/%
	$(Q)ln -sf release/$* $@
endif

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

$(foreach r,$(ROOMS),$(eval $(call room_rules,$(r))))
$(OBJ_catalog): $(VARIANT)/gen/sql.h

$(VARIANT)/obj/%.o: src/%.c | deps-check
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c $< -o $@
-include $(VARIANT)/obj/reeld.d $(VARIANT)/obj/reel-worker.d

$(VARIANT)/reeld: $(VARIANT)/obj/reeld.o $(call libs_of,$(DAEMON))
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) $< -Wl,--start-group $(call libs_of,$(DAEMON)) -Wl,--end-group \
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
	$(Q)cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@
$(BUILD)/web/.done: $(WEB_OWN) $(BUILD)/npm-web/.done
	@mkdir -p $(@D)/vendor
	$(Q)cp $(WEB_OWN) $(@D)/
	$(Q)cp $(BUILD)/npm-web/node_modules/hls.js/dist/hls.min.mjs \
	    $(BUILD)/npm-web/node_modules/dashjs/dist/modern/esm/dash.mediaplayer.min.js $(@D)/vendor/
	$(Q)cp $(BUILD)/npm-web/node_modules/hls.js/LICENSE $(@D)/vendor/hls.js.LICENSE
	$(Q)cp $(BUILD)/npm-web/node_modules/dashjs/LICENSE.md $(@D)/vendor/dash.js.LICENSE
	@touch $@

# ---- unit tests: tests/unit/ROOM/NAME_test.c, through doors only -------------

UNIT_SRC := $(wildcard tests/unit/*/*_test.c)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(VARIANT)/unit/%)
SUPPORT  := $(wildcard tests/support/*.c)

define unit_rules
$(VARIANT)/unit/$(1)/%_test: tests/unit/$(1)/%_test.c $$(SUPPORT_$(1)) $(call libs_of,$(call needs,$(1)))
	@mkdir -p $$(@D)
	$(if $(V),,@echo "  TEST  $$<")
	$$(Q)$$(CC) $$(CPPFLAGS) $$(INC_$(1)) -Itests/support $$(ALL_CFLAGS) -MMD -MP -MF $$@.d $$(LDFLAGS) $$< $$(SUPPORT_$(1)) \
	    -Wl,--start-group $(call libs_of,$(call needs,$(1))) -Wl,--end-group \
	    $(call link_libs,$(call needs,$(1))) -lcmocka -o $$@
endef
# Stand-ins live in tests/support/ROOM_*.c and are linked into that room's tests.
$(foreach r,$(ROOMS),$(eval SUPPORT_$(r) := $(wildcard tests/support/$(r)_*.c)))
$(foreach r,$(ROOMS),$(eval $(call unit_rules,$(r))))
-include $(UNIT_BIN:%=%.d)

.PHONY: unit unit-build
unit-build: $(UNIT_BIN)
unit: $(UNIT_BIN) $(VARIANT)/reel-worker
	$(Q)tests/run-unit $(UNIT_BIN)
# One room's tests alone: make unit-model
unit-%: all-unit-% ;
$(foreach r,$(ROOMS),$(eval all-unit-$(r): $(filter $(VARIANT)/unit/$(r)/%,$(UNIT_BIN)) ; $$(Q)tests/run-unit $$^))

# Rewrites the expected manifests; review the difference before committing it.
.PHONY: golden
golden: export GOLDEN := write
golden: unit-package

# ---- checks of the source ----------------------------------------------------

# conf/reeld.conf comes from src/config/settings.def; `make lint` compares them.
$(VARIANT)/write-conf: tests/lint/write_conf.c $(call libs_of,config base)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) $^ $(call link_libs,config base) -o $@
.PHONY: conf
conf: $(VARIANT)/write-conf
	$(Q)$< > conf/reeld.conf

# ---- what every target needs -------------------------------------------------

PACKAGES := gcc make pkg-config libavformat-dev libavcodec-dev libavfilter-dev \
	libavutil-dev libswscale-dev libswresample-dev libx264-dev \
	libmicrohttpd-dev libsqlite3-dev libjansson-dev libssl-dev libinih-dev \
	uthash-dev libxml2-dev zlib1g-dev libseccomp-dev libsystemd-dev npm
.PHONY: deps deps-check
deps-check: $(BUILD)/.deps
$(BUILD)/.deps: Makefile
	@mkdir -p $(BUILD)
	$(Q)dpkg -s $(filter-out npm,$(PACKAGES)) >/dev/null 2>&1 || $(MAKE) --no-print-directory deps
	@touch $@
deps:
	@echo "installing what the build needs (apt-get)"
	$(Q)apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PACKAGES)
