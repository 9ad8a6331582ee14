#!/bin/sh
# Saves the store again and again: every BACKUP_HOURS, the newest BACKUP_KEEP files are kept.
set -eu
folder=${BACKUP_FOLDER:-/var/lib/orichalcum/backups}
keep=${BACKUP_KEEP:-14}
while true; do
  name="$folder/orichalcum-$(date -u +%Y%m%dT%H%M%SZ).backup"
  if orichalcum backup "$name.part"; then
    mv "$name.part" "$name"
    # The names sort by time.
    find "$folder" -maxdepth 1 -name 'orichalcum-*.backup' | sort -r | tail -n "+$((keep + 1))" |
      while read -r old; do rm -f -- "$old"; done
  else
    rm -f -- "$name.part"
    echo "the backup failed; it is tried again in five minutes" >&2
    sleep 300
    continue
  fi
  if [ -n "${BACKUP_ONCE:-}" ]; then exit 0; fi
  sleep "$((${BACKUP_HOURS:-24} * 3600))"
done
