using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Emit;
using InverseScope.Torch.Runtime;
using TorchSharp;

namespace InverseScope.Cli.Tests.Architecture;

/// <summary>
/// TorchSharp makes native numbers that a finalizer may free before libtorch has read them. Which of its methods do is read from its
/// code, so that another version is judged by its own.
/// </summary>
public sealed class ScalarLifetimeTests
{
    private const string Arithmetic = "TensorArithmetic"; // keeps numbers alive itself
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Assembly Library = typeof(torch).Assembly;
    private static readonly Type Number = Library.GetType("TorchSharp.Scalar", throwOnError: true)!;
    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes).GetFields()
        .Select(f => (OpCode)f.GetValue(null)!)
        .ToDictionary(o => o.Value);

    private static readonly HashSet<MethodBase> Unsafe = MakersOfNumbers();

    [Fact]
    public void Torch_calls_nothing_that_frees_a_number_too_early()
    {
        var calls = (
            from caller in MethodsOf(typeof(TorchThread).Assembly)
            from called in Called(caller)
            where Unsafe.Contains(called) || (MakesNumber(called) && caller.DeclaringType!.Name != Arithmetic)
            select $"{caller.DeclaringType}.{caller.Name} calls {called.DeclaringType!.Name}: {called}").ToArray();

        Assert.True(calls.Length == 0, $"Add what these do to {Arithmetic}, and call that:\n{string.Join('\n', calls)}");
    }

    [Fact]
    public void What_is_known_to_free_too_early_is_found()
    {
        string[] found = [.. Unsafe.Select(m => $"{m.DeclaringType!.Name}: {m}")];

        Assert.Contains("Tensor: Tensor op_Addition(Tensor, Tensor)", found);
        Assert.Contains("Tensor: Tensor op_Multiply(Tensor, Double)", found);
        Assert.DoesNotContain("Tensor: Tensor op_Multiply(Tensor, Tensor)", found);
        Assert.Contains(Unsafe, m => m is { Name: nameof(torch.optim.AdamW), DeclaringType.Name: nameof(torch.optim) });
    }

    /// <summary>Methods of the library that make a number themselves, or reach one that does.</summary>
    private static HashSet<MethodBase> MakersOfNumbers()
    {
        var callers = MethodsOf(Library)
            .Where(m => m.DeclaringType != Number && m.DeclaringType != typeof(ScalarExtensionMethods))
            .SelectMany(caller => Called(caller).Concat(Overriding(caller)).Select(called => (Caller: caller, Called: called)))
            .ToLookup(c => c.Called, c => c.Caller);
        var found = new HashSet<MethodBase>();
        var next = new Queue<MethodBase>(callers.Where(c => MakesNumber(c.Key)).SelectMany(c => c));
        while (next.TryDequeue(out var method))
        {
            if (found.Add(method))
                callers[method].ToList().ForEach(next.Enqueue);
        }

        return found;
    }

    private static bool MakesNumber(MethodBase method) =>
        method is MethodInfo { ReturnType: var made } && made == Number && method.IsStatic;

    /// <summary>What a type overrides is called through its base: whoever makes an object may be calling it.</summary>
    private static IEnumerable<MethodBase> Overriding(MethodBase method) => method is ConstructorInfo { DeclaringType: { } type }
        ? type.GetMethods(Declared).Where(m => m.IsVirtual && m.GetBaseDefinition() != m && m.GetBaseDefinition().DeclaringType!.Assembly == Library)
        : [];

    private static IEnumerable<MethodBase> MethodsOf(Assembly assembly) =>
        assembly.GetTypes().SelectMany(t => t.GetMethods(Declared).Concat<MethodBase>(t.GetConstructors(Declared)));

    /// <summary>Methods that the code of a method calls, makes objects by, or makes delegates of.</summary>
    private static IEnumerable<MethodBase> Called(MethodBase method)
    {
        var code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        var typeArguments = method.DeclaringType!.GetGenericArguments();
        var methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : [];
        for (var at = 0; at < code.Length;)
        {
            var value = code[at++] is var first and not 0xFE ? first : unchecked((short)(0xFE00 | code[at++]));
            var kind = OpCodesByValue[value].OperandType;
            if (kind == OperandType.InlineMethod)
            {
                var called = method.Module.ResolveMethod(BinaryPrimitives.ReadInt32LittleEndian(code.AsSpan(at)), typeArguments, methodArguments)!;
                yield return called.IsGenericMethod || called.DeclaringType!.IsGenericType ? called.Module.ResolveMethod(called.MetadataToken)! : called;
            }

            at += kind switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BinaryPrimitives.ReadInt32LittleEndian(code.AsSpan(at)),
                _ => 4,
            };
        }
    }
}
