using System.Diagnostics;
using InverseScope.Core.Specs;

namespace InverseScope.Core.Tests.Specs;

/// <summary>Scripts that were written to do harm. Each is refused, or that text is undefined and counted.</summary>
public sealed class HostileScriptTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    // Twice the limit of a text: what is allocated between two statements is counted after it.
    private const long MaxBytes = 64 << 20;

    [Theory]
    [InlineData("while (true);", "more than 50000 statements")]
    [InlineData("for (;;) { try { while (true); } catch (e) { } finally { continue; } }", "more than 50000 statements")]
    [InlineData("return [3, 2, 1].sort(() => { while (true); })", "more than 50000 statements")]
    [InlineData("return label(x)", "called itself more than 64 deep")]
    [InlineData("function f() { try { return f() } catch (e) { return 'caught' } } return f()", "called itself more than 64 deep")]
    [InlineData("let o = {get a() { return this.a }}; return o.a", "called itself more than 64 deep")]
    [InlineData("let s = 'x'; for (let i = 0; i < 30; i++) s += s; return s.length", "more than 2 MiB of memory")]
    [InlineData("let s = 'x'; for (let i = 0; i < 30; i++) s = s + s + s; return s.length", "more than 2 MiB of memory")]
    [InlineData("let s = 'x'; for (let i = 0; i < 30; i++) s = `${s}${s}`; return s.length", "more than 2 MiB of memory")]
    [InlineData("let s = 'x'; for (let i = 0; i < 30; i++) s = [s, s].join(''); return s.length", "more than 2 MiB of memory")]
    [InlineData("let s = 'x'; for (let i = 0; i < 30; i++) s = s.replace(/.*/, '$&$&'); return s.length", "more than 2 MiB of memory")]
    [InlineData("return 'x'.repeat(1e9).length", "more than 50000 statements")]
    [InlineData("return 'x'.padEnd(1e9).length", "more than 2 MiB of memory")]
    [InlineData("return new Array(4294967295).length", "more than 2 MiB of memory")]
    [InlineData("return Array.from({length: 1e9}).length", "more than 2 MiB of memory")]
    [InlineData("return Math.max.apply(null, {length: 1e9})", "more than 2 MiB of memory")]
    [InlineData("let a = [1]; for (let i = 0; i < 60; i++) a = [a, a]; return a.flat(Infinity).length", "more than 2 MiB of memory")]
    [InlineData("let a = []; a.push(a); return a.flat(Infinity).length", "called itself more than 64 deep")]
    [InlineData("return Array.prototype.reverse.call({length: 1e12})", "more than 2 MiB of memory")]
    [InlineData("return /^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!')", "regular expression took too long")]
    [InlineData("for (;;) try { /^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!') } catch (e) { }", "regular expression took too long")]
    [InlineData("return 'x'.repeat(2000)", "longer than 1000 characters")]
    [InlineData("return {}", "returned a value of type object")]
    [InlineData("throw 'on purpose'", "it threw 'on purpose' at line 1 of the script")]
    public void Limits_hold_whatever_a_script_does(string body, string failure)
    {
        var feature = Compile($"function label(x) {{ {body} }}");
        var before = GC.GetAllocatedBytesForCurrentThread();
        var began = Stopwatch.GetTimestamp();
        var outcome = feature.Run("abc");
        Assert.True(Stopwatch.GetElapsedTime(began) < Patience);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < MaxBytes);
        Assert.Null(outcome.Label);
        Assert.Contains(failure, outcome.Failure);
        Assert.Equal(1, feature.LimitBreaks);
        Assert.Null(feature.Label("abc"));
        Assert.Equal(2, feature.LimitBreaks);
    }

    [Theory]
    [InlineData("return Function('return 1')()")]
    [InlineData("return new Function('return 1')()")]
    [InlineData("return label.constructor('return globalThis')()")]
    [InlineData("return (() => 1).constructor('return 1')()")]
    [InlineData("return ''.constructor.constructor('return 1')()")]
    [InlineData("return Reflect.construct(Function, ['return 1'])()")]
    [InlineData("return eval('1')")]
    [InlineData("return (0, eval)('1')")]
    [InlineData("return System.IO.File.ReadAllText('/etc/passwd')")]
    [InlineData("return clr.System.Environment.MachineName")]
    [InlineData("return importNamespace('System').Environment.MachineName")]
    [InlineData("return require('fs').readFileSync('/etc/passwd')")]
    [InlineData("return process.env.HOME")]
    [InlineData("return x.GetType().Assembly.Location")]
    [InlineData("return label.GetType().FullName")]
    [InlineData("return fetch('http://example.com')")]
    [InlineData("return new Worker('x')")]
    [InlineData("return new Date().getTime()")]
    [InlineData("return Date.now()")]
    [InlineData("return Math.random()")]
    [InlineData("return performance.now()")]
    [InlineData("return new Intl.DateTimeFormat().format()")]
    [InlineData("return new Int8Array(8).length")]
    [InlineData("return new Promise(() => 1)")]
    [InlineData("return new Proxy({}, {})")]
    [InlineData("return new WeakRef({})")]
    [InlineData("return 2n ** 100000000n + ''")]
    [InlineData("return BigInt(2) + ''")]
    [InlineData("return (function* () { yield 1 })().next().value")]
    [InlineData("return import('fs')")]
    public void What_leads_out_of_the_sandbox_or_makes_labels_random_is_not_there(string body)
    {
        var spec = new FeatureSpec { Id = "hostile", Script = new FeatureScript($"function label(x) {{ {body} }}") };
        var result = FeatureCompiler.Compile(spec, Rules.Ioi);
        if (result.Value is { } feature)
            Assert.NotNull(feature.Run("abc").Failure);
        else
            Assert.Contains("script", Assert.Single(result.Errors).What);
    }

    [Theory]
    [InlineData("String.prototype.slice = () => 'hacked'; function label(x) { return 'abc'.slice(1) }")]
    [InlineData("Array.prototype.leak = 1; function label(x) { return [].leak }")]
    [InlineData("Object.defineProperty(Object.prototype, 'leak', {value: 1}); function label(x) { return x.leak }")]
    [InlineData("Math.max = () => 7; function label(x) { return Math.max(1) }")]
    [InlineData("function label(x) { Object.getPrototypeOf([].values()).leak = x; return 1 }")]
    [InlineData("function label(x) { RegExp.prototype.leak = x; return 1 }")]
    [InlineData("function label(x) { ({}).__proto__.leak = x; return 1 }")]
    [InlineData("function label(x) { label.constructor.prototype.leak = x; return 1 }")]
    [InlineData("function label(x) { Error.leak = x; return 1 }")]
    [InlineData("function label(x) { try { null.a } catch (e) { e.constructor.prototype.leak = x } return 1 }")]
    public void Built_in_objects_cannot_be_changed(string source)
    {
        var result = FeatureCompiler.Compile(new FeatureSpec { Id = "hostile", Script = new FeatureScript(source) }, Rules.Ioi);
        var failure = result.Value?.Run("abc").Failure ?? Assert.Single(result.Errors).What;
        Assert.Contains("it threw", failure);
    }

    [Theory]
    [InlineData("let n = 0; function label(x) { return ++n }")]
    [InlineData("var n = 0; function label(x) { return ++n }")]
    [InlineData("globalThis.n = (globalThis.n || 0) + 1; function label(x) { return globalThis.n }")]
    [InlineData("function label(x) { globalThis.n = (globalThis.n || 0) + 1; return globalThis.n }")]
    [InlineData("function label(x) { label.n = (label.n || 0) + 1; return label.n }")]
    [InlineData("function label(x) { this_n = 1; return 1 } var this_n; ")]
    [InlineData("const seen = []; function label(x) { seen.push(x); return seen.length }")]
    [InlineData("const pattern = /a/g; function label(x) { pattern.test('aa'); return pattern.lastIndex }")]
    [InlineData("function label(x) { const old = typeof undefinedName; globalThis.undefinedName = 1; return old === 'undefined' ? 1 : 2 }")]
    [InlineData("function label(x) { const old = globalThis.parseInt === undefined ? 2 : 1; try { delete globalThis.parseInt } catch (e) { } return old }")]
    [InlineData("function label(x) { const s = Symbol.for('k'); const old = globalThis[s] ? 2 : 1; globalThis[s] = 1; return old }")]
    public void One_text_does_not_influence_the_next(string source)
    {
        var feature = Compile(source);
        Assert.Equal(["1", "1", "1"], [feature.Label("a"), feature.Label("b"), feature.Label("a")]);
    }

    [Fact]
    public void A_text_that_broke_a_limit_does_not_influence_the_next()
    {
        var feature = Compile("function label(x) { globalThis.leak = 1; if (x === 'bad') while (true); return typeof leaked + x; } var leaked;");
        Assert.Equal("undefineda", feature.Label("a"));
        Assert.Null(feature.Label("bad"));
        Assert.Equal("undefinedb", feature.Label("b"));
    }

    [Theory]
    [InlineData("(", ")", 9000)]
    [InlineData("[", "]", 9000)]
    [InlineData("!", "", 9000)]
    [InlineData("x=>", "", 9000)]
    [InlineData("1+", "", 9000)]
    [InlineData("`${", "}`", 9000)]
    [InlineData("{a:", "}", 9000)]
    public void Deeply_nested_scripts_are_refused(string opening, string closing, int times)
    {
        var body = string.Concat(Enumerable.Repeat(opening, times)) + "1" + string.Concat(Enumerable.Repeat(closing, times));
        var spec = new FeatureSpec { Id = "hostile", Script = new FeatureScript($"function label(x) {{ return ({body}) }}") };
        Assert.Contains("the script cannot be parsed", Assert.Single(FeatureCompiler.Compile(spec, Rules.Ioi).Errors).What);
    }

    [Theory]
    [InlineData("function label(x { return 1 }", "the script cannot be parsed: ")]
    [InlineData("const lable = x => 1", "it does not define a function label(x)")]
    [InlineData("while (true); function label(x) { }", "it ran more than 50000 statements")]
    [InlineData("label = 5", "it threw")]
    public void A_script_without_a_label_function_is_refused(string source, string reason)
    {
        var text = $"schema: {FeatureSpec.SchemaId}\nid: s\nscript: |\n  {source}\n";
        var error = Assert.Single(FeatureCompiler.Compile(text, Rules.Ioi).Errors);
        Assert.Contains(reason, error.What);
        Assert.Equal((3, 9, "script"), (error.Line, error.Column, error.Path));
    }

    [Fact]
    public void Many_threads_may_ask_one_script()
    {
        var feature = Compile("function label(x) { let n = 0; for (const c of x) n += c.charCodeAt(0); return n }");
        var texts = Enumerable.Range(0, 200).Select(i => $"text {i}").ToArray();
        var expected = texts.Select(feature.Label).ToArray();
        var actual = texts.AsParallel().AsOrdered().WithDegreeOfParallelism(4).Select(feature.Label).ToArray();
        Assert.Equal(expected, actual);
        Assert.Equal(0, feature.LimitBreaks);
    }

    private static IFeature Compile(string source) =>
        FeatureCompiler.Compile(new FeatureSpec { Id = "hostile", Script = new FeatureScript(source) }, Rules.Ioi).OrThrow();
}
