# SPDX-License-Identifier: MIT
# What the tests that type share; sourced by each of them. Afterwards the working folder is a
# fresh one, and the command in OURO sees nobody's files.
#
# Nothing waits for time: each step waits for the text that has to come.
log_user 0
set timeout 60
match_max 4000000

if {[info exists env(OURO)]} {
    set ouro [file normalize $env(OURO)]
} else {
    set ouro [file normalize [file join [file dirname [info script]] ../../build/bindings/ouro]]
}
set work [exec mktemp -d]
set stty_init "rows 40 columns 100"
cd $work
set env(TERM) xterm
set env(LC_ALL) C.UTF-8
set env(HOME) $work
set env(XDG_STATE_HOME) $work/state
foreach name {OURO_INIT EDITRC XDG_CONFIG_HOME} { unset -nocomplain env($name) }

set count 0
set failed 0

proc result {fine name {detail {}}} {
    global count failed
    incr count
    if {$fine} {
        puts "ok $count - $name"
        return
    }
    incr failed
    puts "not ok $count - $name"
    foreach line [split $detail \n] { puts "# $line" }
}

# Without what the terminal itself understands.
proc plain {text} {
    regsub -all {\x1b\[[0-9;?]*[A-Za-z]} $text {} text
    return [string map {\r {}} $text]
}

# Everything up to the next prompt of that kind. A prompt, unlike a line that is shown again, is
# where the terminal is asked to mark what is pasted.
proc read_to {{prompt {>}}} {
    global spawn_id expect_out
    expect {
        -re "2004h\r\[^\n>\]*$prompt $" { return [plain $expect_out(buffer)] }
        timeout { return "no prompt; instead: [plain $expect_out(buffer)]" }
        eof { return "the end; before: [plain $expect_out(buffer)]" }
    }
}

# type KEYS PATTERN NAME: a whole line, and what has to be printed before the next prompt, which
# has to come.
proc type {keys pattern name {prompt {>}}} {
    send -- "$keys\r"
    set text [read_to $prompt]
    set came [expr {![regexp {^(no prompt; instead|the end; before): } $text]}]
    result [expr {$came && [regexp -- $pattern $text]}] $name "wanted: $pattern\nprinted: $text"
}

# wait_for TEXT NAME: it has to come.
proc wait_for {text name} {
    global spawn_id expect_out
    expect {
        -ex $text { result 1 $name }
        timeout { result 0 $name "instead: [plain $expect_out(buffer)]" }
        eof { result 0 $name "the end; before: [plain $expect_out(buffer)]" }
    }
}

proc start {args} {
    global spawn_id spawn_out ouro
    spawn -noecho $ouro {*}$args
    return [read_to]
}

proc paste {text} { send -- "\033\[200~$text\033\[201~" }

# What is still printed until the end; the exit status or the signal is then in $status.
proc leave {} {
    global spawn_id status
    set text {}
    expect {
        -re {.+} {
            append text $expect_out(buffer)
            exp_continue
        }
        timeout { append text "still there" }
    }
    set end [wait]
    set status [expr {[llength $end] > 4 ? [lindex $end 5] : [lindex $end 3]}]
    return [plain $text]
}

proc read_whole {path} {
    set file [open $path]
    fconfigure $file -encoding utf-8
    set text [read $file]
    close $file
    return $text
}

proc write_whole {path text} {
    set file [open $path w]
    puts -nonewline $file $text
    close $file
}

proc finish {} {
    global work count failed
    cd /
    file delete -force $work
    puts "1..$count"
    exit [expr {$failed > 0}]
}
