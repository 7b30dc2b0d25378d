using System.Globalization;
using Acornima;
using Acornima.Ast;
using InverseScope.Core.Specs.Running;
using InverseScope.Core.Specs.Syntax;
using Jint;
using Jint.Constraints;
using Jint.Native;
using Jint.Native.Object;
using Jint.Runtime;

namespace InverseScope.Core.Specs.Scripts;

/// <summary>
/// Runs a script's <c>label(x)</c> on texts. The whole script runs anew for every text, in an engine whose built-in objects
/// are frozen and whose globals are put back, so that nothing can be carried from one text to the next. Statements,
/// recursion, memory and array sizes are limited; limits on time stand behind them for what happens between two
/// statements. Thread-safe.
/// </summary>
internal sealed class ScriptSandbox
{
    /// <summary>Statements for one text, those of the sandbox's own functions among them.</summary>
    public const int MaxStatements = 50_000;

    /// <summary>Bytes allocated for one text.</summary>
    public const int MaxMemory = 2 << 20;

    public const int MaxRecursion = 64;

    public const int MaxArrayLength = 100_000;

    /// <summary>Characters of a label.</summary>
    public const int MaxLabelLength = 1000;

    private const int MaxMessage = 200;
    private const string PreludeSource = "sandbox";

    // Wide of what the other limits allow on a busy machine: whether a text is undefined must not depend on the load.
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxRegexTime = TimeSpan.FromMilliseconds(100);

    private static readonly ScriptPreparationOptions Preparation = new()
    {
        ParsingOptions = new ScriptParsingOptions { RegexTimeout = MaxRegexTime, CompileRegex = false },
    };

    private static readonly Prepared<Script> Prelude = Engine.PrepareScript(
        ReadPrelude(), PreludeSource, strict: true, Preparation);

    private readonly Prepared<Script> _script;
    private Room? _idle;

    private ScriptSandbox(Prepared<Script> script) => _script = script;

    /// <summary>Parses a script and makes sure that it defines <c>label</c>.</summary>
    /// <returns>The sandbox, or what is wrong with the script and how to mend it.</returns>
    public static (ScriptSandbox? Sandbox, string? Problem, string? Fix) Prepare(string source)
    {
        Prepared<Script> script;
        try
        {
            script = Engine.PrepareScript(source, strict: true, options: Preparation);
        }
        catch (ScriptPreparationException e)
        {
            var reason = e.InnerException is ParseErrorException parse
                ? $"{parse.Description} (line {parse.LineNumber}, column {parse.Column + 1} of the script)"
                : e.InnerException?.Message ?? e.Message;
            return (null, $"the script cannot be parsed: {reason.TrimEnd('.')}.", null);
        }

        if (FindRefused(script.Program!) is { } refused)
        {
            var (what, at) = refused;
            return (null, $"the script uses {what} (line {at.Line}, column {at.Column + 1} of the script), which specs may not.",
                "Write plain functions over strings, numbers and arrays.");
        }

        var sandbox = new ScriptSandbox(script);
        var failure = sandbox.InEngine(engine =>
            engine.GetValue("label").IsCallable() ? default : new LabelOutcome(null, "it does not define a function label(x)")).Failure;
        return failure is null
            ? (sandbox, null, null)
            : (null, $"the script cannot be used: {failure}.", "Define function label(x) { … } that returns a string, number, boolean or null.");
    }

    /// <summary>The label of a text.</summary>
    public LabelOutcome Run(string text) => InEngine(engine =>
    {
        var result = engine.Invoke("label", text);
        return result switch
        {
            { Type: Types.Undefined or Types.Null } => default,
            { Type: Types.Boolean } => new LabelOutcome(LabelText.Of(result.AsBoolean()), null),
            { Type: Types.Number } => Value.Of(result.AsNumber()) is { IsDefined: true } number
                ? new LabelOutcome(LabelText.Of(number), null)
                : default,
            { Type: Types.String } => result.AsString() is { Length: <= MaxLabelLength } label
                ? new LabelOutcome(label, null)
                : new LabelOutcome(null, $"its label is longer than {MaxLabelLength} characters"),
            _ => new LabelOutcome(null, $"it returned a value of type {result.Type.ToString().ToLowerInvariant()}"),
        };
    });

    private LabelOutcome InEngine(Func<Engine, LabelOutcome> use)
    {
        try
        {
            // An engine that failed is not used again: whatever was interrupted in it goes with it.
            var room = Interlocked.Exchange(ref _idle, null) ?? Room.Make();
            room.Deadline.Begin(MaxTime, CancellationToken.None);
            room.Engine.Execute(_script);
            var outcome = use(room.Engine);
            room.Deadline.End();
            room.Engine.Advanced.RestoreGlobalSnapshot(room.Empty);
            Volatile.Write(ref _idle, room);
            return outcome;
        }
        catch (JavaScriptException e)
        {
            var at = e.Location.SourceFile == PreludeSource ? "" : $" at line {e.Location.Start.Line} of the script";
            return new LabelOutcome(null, $"it threw '{QuotedText.Shown(e.Message, MaxMessage)}'{at}");
        }
        // The engine tells of broken limits with exceptions of many kinds, and a fault of its own must not end a sweep.
#pragma warning disable CA1031
        catch (Exception e)
        {
            return new LabelOutcome(null, e switch
            {
                StatementsCountOverflowException => $"it ran more than {MaxStatements} statements",
                MemoryLimitExceededException => $"it used more than {MaxMemory >> 20} MiB of memory or an array of more than {MaxArrayLength} items",
                RecursionDepthOverflowException => $"it called itself more than {MaxRecursion} deep",
                System.Text.RegularExpressions.RegexMatchTimeoutException => "a regular expression took too long",
                TimeoutException => "it took too long",
                _ => $"it failed: {QuotedText.Shown(e.Message, MaxMessage)}",
            });
        }
#pragma warning restore CA1031
    }

    private static Options Restrict(Options options)
    {
        options.Strict();
        options.Culture(CultureInfo.InvariantCulture);
        options.LocalTimeZone(TimeZoneInfo.Utc);
        options.MaxStatements(MaxStatements);
        options.LimitMemory(MaxMemory);
        options.LimitRecursion(MaxRecursion);
        options.RegexTimeoutInterval(MaxRegexTime);
        options.DisableStringCompilation();
        options.Constraints.MaxArraySize = MaxArrayLength;
        options.Constraints.StackOverflowGuard = true;
        return options;
    }

    // Every object that scripts can reach but the global one, which is put back by other means.
    private static void Freeze(Engine engine)
    {
        var freeze = engine.Evaluate("Object.freeze");
        var iterators = engine.Evaluate("[[].values(), ''[Symbol.iterator](), new Map().values(), new Set().values(), ''.matchAll(/a/g)]");
        var open = new Stack<ObjectInstance>([engine.Global, (ObjectInstance)iterators]);
        var seen = new HashSet<ObjectInstance>(open, ReferenceEqualityComparer.Instance);
        while (open.TryPop(out var target))
        {
            foreach (var (_, property) in target.GetOwnProperties())
            {
                Visit(property.Value);
                Visit(property.Get);
                Visit(property.Set);
            }

            Visit(target.Prototype);
            if (target != engine.Global)
                engine.Invoke(freeze, target);
        }

        void Visit(JsValue? value)
        {
            if (value is ObjectInstance next && seen.Add(next))
                open.Push(next);
        }
    }

    // Generators and async functions can be chained without end inside the engine; a few digits of a big integer make
    // millions in one operation.
    private static (string What, Position At)? FindRefused(Script script)
    {
        var open = new Stack<Node>([script]);
        while (open.TryPop(out var node))
        {
            var what = node switch
            {
                IFunction { Generator: true } => "a generator",
                IFunction { Async: true } => "an async function",
                AwaitExpression => "await",
                ImportExpression => "import",
                BigIntLiteral => "a big integer",
                _ => null,
            };
            if (what is not null)
                return (what, node.Location.Start);
            foreach (var child in node.ChildNodes)
                open.Push(child);
        }

        return null;
    }

    private static string ReadPrelude()
    {
        using var stream = typeof(ScriptSandbox).Assembly.GetManifestResourceStream("InverseScope.Core.Specs.Scripts.sandbox.js")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>An engine, and its globals before any script ran in it.</summary>
    private sealed record Room(Engine Engine, GlobalSnapshot Empty, OperationDeadlineConstraint Deadline)
    {
        public static Room Make()
        {
            var deadline = new OperationDeadlineConstraint();
            var engine = new Engine(options => Restrict(options).Constraint(deadline));
            engine.Execute(Prelude);
            Freeze(engine);
            return new Room(engine, engine.Advanced.CaptureGlobalSnapshot(), deadline);
        }
    }
}
