# include tofu3.mk, then one line for each artifact:
#
#   vendor/alpine: ; $(call tofu3,alpine:3.20,oci:$@,--platform linux/amd64)
#
# The target is there only if three workers agree; make stops with tofu3's exit code in its message otherwise.
# $(1) is the reference, $(2) DEST, $(3) further flags.
TOFU3 ?= tofu3
tofu3 = mkdir -p -- '$(@D)' && $(TOFU3) verify $(3) --output '$(2)' -- '$(1)'
