<?php
// Tells headcount what happens in a page: what users do, and what the database is asked.
//
//     require 'headcount.php';
//     headcount()->connect('127.0.0.1:9182')->authenticate('shop', $token);
//     headcount()->event("User $name has entered $page");
//     headcount()->query('SELECT * FROM carts', 12.5);
//     $rows = headcount()->timed('carts', fn () => $db->query('SELECT ...')->fetchAll());
//     headcount()->watch($pdo);    // every prepared statement from now on
//
// Lines are collected and leave when the page is done, over one connection to the feed
// port. That takes 50 ms at most, whatever happens there: nothing is ever thrown or
// printed, and lines that do not get through are forgotten. A script that runs for long
// calls flush() now and then. PHP 7.4 and later; no extensions.

final class Headcount
{
    private const LINES_MAX = 1000; // of one page; more are not kept
    private const TEXT_MAX = 700;   // bytes; headcount keeps 512, a line may have 1,024

    private string $address = '127.0.0.1:9182';
    private float $bound = 0.05;
    private string $who = '';       // "SITE TOKEN"
    private array $lines = [];
    private bool $registered = false;

    /** Where the feed port is. $bound: seconds that sending may take, all of it. */
    public function connect(string $address, float $bound = 0.05): self
    {
        $this->address = $address;
        $this->bound = $bound;
        return $this;
    }

    /** The site, and a token of scope send. */
    public function authenticate(string $site, string $token): self
    {
        $this->who = self::word($site) . ' ' . self::word($token);
        return $this;
    }

    /** What a user does. */
    public function event(string $text): void
    {
        $this->add("send $this->who", $text);
    }

    /** What the database was asked, and for how many milliseconds it worked. */
    public function query(string $text, float $ms): void
    {
        $ms = is_finite($ms) && $ms > 0 ? $ms : 0;
        $this->add("query $this->who " . sprintf('%.0F', floor($ms)), $text);
    }

    /** Calls $run and returns what it returned; how long that took is told of $text. */
    public function timed(string $text, callable $run)
    {
        $begun = hrtime(true);
        try {
            return $run();
        } finally {
            $this->query($text, (hrtime(true) - $begun) / 1e6);
        }
    }

    /** Tells of each statement that $pdo prepares and executes, without its values. */
    public function watch(PDO $pdo): PDO
    {
        $pdo->setAttribute(PDO::ATTR_STATEMENT_CLASS, [HeadcountStatement::class, [$this]]);
        return $pdo;
    }

    /** Sends what was collected. Returns how many lines were taken. */
    public function flush(): int
    {
        $lines = $this->lines;
        $this->lines = [];
        if ($lines === []) {
            return 0;
        }
        set_error_handler(static fn () => true); // the page's own is not to hear of it
        try {
            return $this->exchange(implode('', $lines) . "quit\n");
        } catch (Throwable $e) {
            return 0;
        } finally {
            restore_error_handler();
        }
    }

    private function add(string $command, string $text): void
    {
        $text = self::line($text);
        if ($text === '' || count($this->lines) >= self::LINES_MAX) {
            return;
        }
        $this->lines[] = "$command $text\n";
        if (!$this->registered) {
            $this->registered = true;
            register_shutdown_function([$this, 'atEnd']);
        }
    }

    /** Lets all that the page itself wants to do at its end come first. */
    public function atEnd(): void
    {
        register_shutdown_function([$this, 'finish']);
    }

    /** The page is done: lets it go to the visitor, where PHP can, and sends. */
    public function finish(): void
    {
        if (function_exists('fastcgi_finish_request')) {
            fastcgi_finish_request();
        }
        $this->flush();
    }

    /** Writes, and reads until the other side closes; counts the lines that say ok. */
    private function exchange(string $bytes): int
    {
        $until = microtime(true) + $this->bound;
        $socket = stream_socket_client("tcp://$this->address", $code, $why, $this->bound);
        if (!$socket) {
            return 0;
        }
        stream_set_blocking($socket, false);
        $answers = '';
        while (!feof($socket) && ($left = $until - microtime(true)) > 0) {
            $readable = [$socket];
            $writable = $bytes === '' ? [] : [$socket];
            $except = null;
            if (stream_select($readable, $writable, $except, 0, (int) ($left * 1e6)) === false) {
                break;
            }
            if ($writable) {
                $n = fwrite($socket, $bytes);
                if ($n === false) {
                    break;
                }
                $bytes = (string) substr($bytes, $n);
            }
            $answers .= $readable ? fread($socket, 8192) : '';
        }
        fclose($socket);
        $taken = count(array_keys(explode("\n", $answers), 'ok', true));
        return max(0, $taken - 1); // quit is answered too
    }

    private static function line(string $text): string
    {
        return substr(trim(preg_replace('/[\x00-\x20\x7f]+/', ' ', $text)), 0, self::TEXT_MAX);
    }

    private static function word(string $text): string
    {
        return preg_replace('/[\x00-\x20\x7f]+/', '', $text);
    }
}

/** A prepared statement that says how long it took. */
class HeadcountStatement extends PDOStatement
{
    private Headcount $headcount;

    protected function __construct(Headcount $headcount)
    {
        $this->headcount = $headcount;
    }

    #[ReturnTypeWillChange]
    public function execute($params = null)
    {
        return $this->headcount->timed($this->queryString, fn () => parent::execute($params));
    }
}

/** The one of this page. */
function headcount(): Headcount
{
    static $one;
    return $one ??= new Headcount();
}
